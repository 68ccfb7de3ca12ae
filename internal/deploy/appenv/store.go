package appenv

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Store keeps the generations of one app's configuration in a folder that only
// its owner may enter:
//
//	current            number of the current generation; without it nothing is set
//	7/variables.json   the variables of generation 7, 0600
//	7/files/NAME       a file of generation 7, 0444: any user of a container that mounts it may read it
//
// Changing it takes the colour's lock; reading takes none.
type Store struct {
	dir  string
	disk disk
}

// Open returns the store in dir, which need not exist yet.
func Open(dir string) Store { return Store{dir: dir} }

// None is the generation in which nothing is set.
const None = 0

const (
	currentFile   = "current"
	variablesFile = "variables.json"
	filesFolder   = "files"
	unfinished    = ".new" // a generation's name until it is complete
)

// Current returns the current generation.
func (s Store) Current() (int, error) {
	content, err := os.ReadFile(filepath.Join(s.dir, currentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return None, nil
	}
	if err != nil {
		return None, fmt.Errorf("reading the app's configuration: %w", err)
	}
	generation, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || generation < None {
		return None, fmt.Errorf("%s does not hold a number: write into it the number of a folder beside it, or remove it for an empty configuration",
			filepath.Join(s.dir, currentFile))
	}
	return generation, nil
}

// Has reports whether the generation exists.
func (s Store) Has(generation int) bool {
	_, err := os.Stat(s.path(generation))
	return generation == None || err == nil
}

// Load returns the current configuration. If it is replaced and removed while it
// is read, Load reads again.
func (s Store) Load() (Configuration, error) {
	for {
		generation, err := s.Current()
		if err != nil {
			return Configuration{}, err
		}
		found, err := s.Read(generation)
		if now, _ := s.Current(); err == nil || now == generation {
			return found, err
		}
	}
}

// Read returns the configuration of a generation.
func (s Store) Read(generation int) (Configuration, error) {
	found := Configuration{make(map[string]string), make(map[string][]byte)}
	if generation == None {
		return found, nil
	}
	content, err := os.ReadFile(filepath.Join(s.path(generation), variablesFile))
	if err == nil && (json.Unmarshal(content, &found.Variables) != nil || found.Variables == nil) {
		err = errors.New(variablesFile + " does not hold a JSON object") // json's own error may quote a value
	}
	if err == nil {
		err = s.readFiles(generation, found.Files)
	}
	if err != nil {
		return Configuration{}, fmt.Errorf("reading the app's configuration, generation %d: %w", generation, err)
	}
	return found, nil
}

func (s Store) readFiles(generation int, files map[string][]byte) error {
	dir := filepath.Join(s.path(generation), filesFolder)
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		files[entry.Name()] = content
	}
	return err
}

// File returns the path of a file of a generation.
func (s Store) File(generation int, name string) string {
	return filepath.Join(s.path(generation), filesFolder, name)
}

func (s Store) path(generation int) string { return filepath.Join(s.dir, strconv.Itoa(generation)) }

// Write stores a configuration as a new generation, which is not current yet.
func (s Store) Write(c Configuration) (int, error) {
	number, err := s.write(c)
	if err != nil {
		_ = s.disk.removeAll(filepath.Join(s.dir, unfinished))
		return None, fmt.Errorf("writing the app's configuration: %w", err)
	}
	return number, nil
}

func (s Store) write(c Configuration) (int, error) {
	variables, err := json.Marshal(c.Variables)
	if err != nil {
		return None, err
	}
	fresh := filepath.Join(s.dir, unfinished)
	if err := errors.Join(s.disk.mkdir(s.dir), s.disk.removeAll(fresh), s.disk.mkdir(fresh), s.disk.mkdir(filepath.Join(fresh, filesFolder))); err != nil {
		return None, err
	}
	if err := s.disk.write(filepath.Join(fresh, variablesFile), variables, 0o600); err != nil {
		return None, err
	}
	for name, content := range c.Files {
		if err := s.disk.write(filepath.Join(fresh, filesFolder, name), content, 0o444); err != nil {
			return None, err
		}
	}
	number, err := s.next()
	if err != nil {
		return None, err
	}
	return number, s.disk.rename(fresh, s.path(number))
}

// next returns the number after the highest of all generations.
func (s Store) next() (int, error) {
	all, err := s.generations()
	current, bad := s.Current()
	return max(current, slices.Max(append(all, None))) + 1, errors.Join(err, bad)
}

func (s Store) generations() ([]int, error) {
	entries, err := os.ReadDir(s.dir)
	var all []int
	for _, entry := range entries {
		if number, err := strconv.Atoi(entry.Name()); err == nil && number > None {
			all = append(all, number)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return all, err
}

// Use makes a generation the current one.
func (s Store) Use(generation int) error {
	if now, err := s.Current(); err == nil && now == generation {
		return nil
	}
	err := s.disk.mkdir(s.dir)
	if err == nil {
		err = s.disk.replace(filepath.Join(s.dir, currentFile), []byte(strconv.Itoa(generation)+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the app's configuration: %w", err)
	}
	return nil
}

// Prune removes every generation except the current one and those to keep, and
// what an interrupted change left.
func (s Store) Prune(keep ...int) error {
	current, err := s.Current()
	all, failed := s.generations()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	errs := []error{s.disk.removeAll(filepath.Join(s.dir, unfinished)), s.disk.removeUnfinished(filepath.Join(s.dir, currentFile))}
	for _, generation := range all {
		if generation != current && !slices.Contains(keep, generation) {
			errs = append(errs, s.disk.removeAll(s.path(generation)))
		}
	}
	return errors.Join(errs...)
}
