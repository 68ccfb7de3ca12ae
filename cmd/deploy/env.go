package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"deux/internal/deploy"
	"deux/internal/deploy/appenv"
)

const envHelp = `
  set NAME=VALUE…        variables; while the command runs, ps shows their values to every user of the machine
  set NAME <FILE         a variable with its value on standard input; one newline at the end is dropped
  set --from FILE        variables from lines of NAME=value; - is standard input
  set --file NAME=PATH   the content of PATH as the file /run/secrets/NAME; - is standard input
  unset NAME…            remove variables and files
  list [--show]          the names; with --show the variables' values, as set --from reads them
A running app gets a change at once, without a build and without a gap. If it does
not become healthy, the change is taken back. Before the first push it is stored.`

// env configures an app.
func env(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	if len(arguments) == 0 {
		return errUsage
	}
	switch verb, rest := arguments[0], arguments[1:]; {
	case verb == "set" && len(rest) > 0:
		set, err := parseSet(rest, &input{from: os.Stdin, hint: os.Stderr})
		if err != nil {
			return err
		}
		return d.Configure(ctx, appenv.Change{Set: set})
	case verb == "unset" && len(rest) > 0 && !strings.HasPrefix(rest[0], "-"):
		return d.Configure(ctx, appenv.Change{Unset: rest})
	case verb == "list" && len(rest) == 0:
		return d.Configuration(false)
	case verb == "list" && len(rest) == 1 && rest[0] == "--show":
		return d.Configuration(true)
	}
	return errUsage
}

// parseSet reads the arguments of set. Its errors say which argument is wrong but
// never show it, because it may hold a secret.
func parseSet(arguments []string, stdin *input) (appenv.Configuration, error) {
	set := appenv.Configuration{Variables: make(map[string]string), Files: make(map[string][]byte)}
	for at := 0; at < len(arguments); at++ {
		position := at + 1
		argument, value, joined := strings.Cut(arguments[at], "=")
		if strings.HasPrefix(argument, "--") && !joined && position < len(arguments) {
			at++ // --option VALUE means --option=VALUE
			value, joined = arguments[at], true
		}
		err := parseOne(&set, argument, value, joined, stdin)
		if err != nil && !errors.Is(err, errUsage) {
			err = fmt.Errorf("argument %d of set: %w", position, err)
		}
		if err != nil {
			return set, err
		}
	}
	return set, nil
}

// parseOne adds to set what NAME=value, NAME alone or an option says.
func parseOne(set *appenv.Configuration, name, value string, given bool, stdin *input) error {
	switch {
	case name == "--from" && value != "":
		return addLines(set, value, stdin)
	case name == "--file" && value != "":
		return addFile(set, value, stdin)
	case strings.HasPrefix(name, "-"):
		return errUsage
	case given:
		return addVariable(set, name, value)
	}
	if err := appenv.CheckName(name); err != nil {
		return err
	}
	content, err := stdin.open("-", appenv.MaxValue+len("\r\n"), "the value of "+name)
	if err != nil {
		return err
	}
	return addVariable(set, name, strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"))
}

var errTwice = errors.New("the name is given a second time")

func addVariable(set *appenv.Configuration, name, value string) error {
	if _, twice := set.Variables[name]; twice {
		return errTwice
	}
	set.Variables[name] = value
	return appenv.CheckVariable(name, value)
}

func addLines(set *appenv.Configuration, path string, stdin *input) error {
	content, err := stdin.open(path, 8*appenv.MaxTotal, "lines of NAME=value")
	if err != nil {
		return err
	}
	variables, err := appenv.ParseLines(string(content))
	for name, value := range variables {
		err = errors.Join(err, addVariable(set, name, value))
	}
	return err
}

func addFile(set *appenv.Configuration, value string, stdin *input) error {
	name, path, found := strings.Cut(value, "=")
	if !found || path == "" {
		return errUsage
	}
	if err := appenv.CheckFile(name, nil); err != nil {
		return err
	}
	if _, twice := set.Files[name]; twice {
		return errTwice
	}
	content, err := stdin.open(path, appenv.MaxFile, "the content of "+name)
	set.Files[name] = content
	return err
}

// input reads what arguments name. One of them may be standard input.
type input struct {
	from *os.File
	hint io.Writer // where a person at a terminal is told to type
	read bool
}

var errReadTwice = errors.New("standard input can be read once: set the other values in separate commands")

// open returns the content of a file, or of standard input for -. More than most
// bytes are an error.
func (in *input) open(path string, most int, what string) ([]byte, error) {
	file := in.from
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		file = opened
	} else if in.read {
		return nil, errReadTwice
	}
	in.read = in.read || path == "-"
	if info, err := file.Stat(); err == nil && path == "-" && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(in.hint, "Type %s, then Ctrl-D at the start of a line:\n", what)
	}
	content, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err == nil && len(content) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return content, err
}
