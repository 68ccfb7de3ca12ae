package appenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// blocked puts a file where the store needs a folder, or the other way round.
func blocked(t *testing.T, path string, folder bool) {
	t.Helper()
	err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o700))
	if folder {
		err = errors.Join(err, os.MkdirAll(filepath.Join(path, "full"), 0o700))
	} else {
		err = errors.Join(err, os.WriteFile(path, nil, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestStore_ThatCannotBeWrittenSaysSoAndKeepsWhatIsCurrent(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	old := configuration("A", "canary")
	if err := change(s, old); err != nil {
		t.Fatal(err)
	}
	blocked(t, s.path(2), true)
	if generation, err := s.Write(configuration()); err != nil || generation != 3 {
		t.Errorf("beside a folder with something in it: got %d, %v, want the number after it", generation, err)
	}
	dying := Store{s.dir, disk{func() error { return errors.New("no space left on device") }}}
	if _, err := dying.Write(configuration("A", "canary")); err == nil || !strings.HasPrefix(err.Error(), "writing the app's configuration: no space left") {
		t.Errorf("Write: got %v, want why", err)
	}
	if err := dying.Use(3); err == nil || !strings.HasPrefix(err.Error(), "writing the app's configuration: ") {
		t.Errorf("Use: got %v, want why", err)
	}
	if err := dying.Use(1); err != nil {
		t.Errorf("Use of what is current writes nothing: got %v", err)
	}
	if got, err := s.Load(); err != nil || show(got) != show(old) {
		t.Errorf("got %s, %v, want %s", show(got), err, show(old))
	}
}

func TestStore_ThatIsDamagedChangesNothing(t *testing.T) {
	for what, harm := range map[string]func(s Store){
		"no number in current": func(s Store) {
			if err := os.WriteFile(filepath.Join(s.dir, currentFile), []byte("canary"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"an empty current":         func(s Store) { blocked(t, filepath.Join(s.dir, currentFile), false) },
		"a folder called current":  func(s Store) { blocked(t, filepath.Join(s.dir, currentFile), true) },
		"a file where it is to be": func(s Store) { blocked(t, s.dir, false) },
	} {
		s := Open(filepath.Join(t.TempDir(), "env"))
		if err := change(s, configuration("A", "1")); err != nil {
			t.Fatal(err)
		}
		harm(s)
		_, loading := s.Load()
		_, writing := s.Write(configuration("A", "2"))
		for action, err := range map[string]error{"Load": loading, "Write": writing, "Prune": s.Prune()} {
			if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), s.dir) {
				t.Errorf("%s, %s: got %v, want an error that names a file, without its content", what, action, err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "[0-9.]*")); len(left) > 1 {
			t.Errorf("%s: left %q, want nothing of the change", what, left)
		}
	}
}

func TestStore_AGenerationThatLostAFileSaysWhich(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	if err := change(s, configuration("A", "1", "F", "@f")); err != nil {
		t.Fatal(err)
	}
	blocked(t, s.File(1, "F"), true)
	if _, err := s.Load(); err == nil || !strings.Contains(err.Error(), s.File(1, "F")) {
		t.Errorf("a file that cannot be read: got %v, want its name", err)
	}
	if err := os.RemoveAll(filepath.Join(s.path(1), filesFolder)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(); err == nil || !strings.HasPrefix(err.Error(), "reading the app's configuration, generation 1: ") {
		t.Errorf("without its files: got %v, want the generation", err)
	}
}

func TestStore_IsReadAgainWhenItIsChangedMeanwhile(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	if err := change(s, configuration("A", "old")); err != nil {
		t.Fatal(err)
	}
	next, err := s.Write(configuration("A", "new"))
	path := filepath.Join(s.path(1), variablesFile)
	if err := errors.Join(err, os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil { // its reader can be met at it
		t.Fatal(err)
	}
	loaded := make(chan error)
	go func() {
		got, err := s.Load()
		if err == nil && got.Variables["A"] != "new" {
			err = fmt.Errorf("got A=%s, want new", got.Variables["A"])
		}
		loaded <- err
	}()
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Use(next), s.Prune(), pipe.Close()); err != nil { // the reader finds nothing in the old one
		t.Fatal(err)
	}
	if err := <-loaded; err != nil {
		t.Error(err)
	}
}
