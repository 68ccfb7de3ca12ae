package appenv

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a configuration. A process gets its whole environment when it starts:
// Linux allows 128 KiB for one variable and, with the arguments, a quarter of the
// stack's limit in all (execve(2), "Limits on size of arguments and environment").
const (
	MaxValue = 32 << 10  // bytes of one variable
	MaxTotal = 128 << 10 // bytes of all variables with their names
	MaxFile  = 1 << 20   // bytes of one file
	MaxFiles = 64        // files
)

// Reserved are the variables that every deploy sets.
var Reserved = []string{"COLOUR", "REVISION"}

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,199}$`)
	fileName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,199}$`)
)

// The errors never show an invalid name: it may be a value in the wrong place.
var (
	errVariableName = errors.New("a variable's name is letters, digits and _, not starting with a digit, 200 at most")
	errFileName     = errors.New("a file's name is letters, digits and _ . -, starting with a letter or _, 200 at most")
	errNotSet       = errors.New("one of the names to unset is not set: env list shows those that are")
)

// CheckVariable returns an error, without the value, if the variable may not be
// set.
func CheckVariable(name, value string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	switch {
	case len(value) > MaxValue:
		return fmt.Errorf("%s has %d bytes, but a variable may have %d: give it as a file, with --file", name, len(value), MaxValue)
	case strings.ContainsRune(value, 0):
		return fmt.Errorf("%s holds a NUL byte, which a variable cannot: give it as a file, with --file", name)
	case !utf8.ValidString(value):
		return fmt.Errorf("%s is not UTF-8, which Docker requires of a variable: give it as a file, with --file", name)
	case name == "PORT":
		return checkPort(value)
	}
	return nil
}

// CheckName returns an error if a variable may not have the name.
func CheckName(name string) error {
	if !variableName.MatchString(name) {
		return errVariableName
	}
	if slices.Contains(Reserved, name) {
		return fmt.Errorf("%s is set by every deploy: choose another name", name)
	}
	return nil
}

func checkPort(value string) error {
	port, err := strconv.Atoi(value)
	if err != nil || port < 1 || port > 65535 || strconv.Itoa(port) != value {
		return errors.New("PORT is where the app listens in its container: expected a number from 1 to 65535")
	}
	return nil
}

// CheckFile returns an error if the file may not be set.
func CheckFile(name string, content []byte) error {
	if !fileName.MatchString(name) {
		return errFileName
	}
	if len(content) > MaxFile {
		return fmt.Errorf("the file %s has %d bytes: at most %d are allowed", name, len(content), MaxFile)
	}
	return nil
}

// check returns an error if something in it may not be set.
func (c Configuration) check() error {
	for name, value := range c.Variables {
		if err := CheckVariable(name, value); err != nil {
			return err
		}
	}
	for name, content := range c.Files {
		if err := CheckFile(name, content); err != nil {
			return err
		}
		if _, both := c.Variables[name]; both {
			return fmt.Errorf("%s is given as a variable and as a file: give it once", name)
		}
	}
	return nil
}

func (c Configuration) checkSize() error {
	total := 0
	for name, value := range c.Variables {
		total += len(name) + len("=") + len(value) + 1
	}
	if total > MaxTotal {
		return fmt.Errorf("all variables together would have %d bytes, more than %d: give large ones as files, with --file", total, MaxTotal)
	}
	if len(c.Files) > MaxFiles {
		return fmt.Errorf("there would be %d files: at most %d are allowed", len(c.Files), MaxFiles)
	}
	return nil
}
