package appenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// change makes a configuration today's.
func change(s Store, c Configuration) error {
	generation, err := s.Write(c)
	if err != nil {
		return err
	}
	if err := s.Use(generation); err != nil {
		return err
	}
	return s.Prune()
}

// show is a configuration in one line.
func show(c Configuration) string {
	return fmt.Sprintf("%q %q", c.Variables, c.Files)
}

func TestStore_KeepsWhatWasWritten(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	if got, err := s.Load(); err != nil || len(got.Names()) != 0 {
		t.Fatalf("before the first change: got %v, %v, want nothing", got, err)
	}
	for _, want := range []Configuration{
		configuration("A", "several\nlines <&> ☃", "F", "@\x00\xff", "empty", "@"), configuration("A", ""), configuration(),
	} {
		if err := change(s, want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Load(); err != nil || show(got) != show(want) {
			t.Errorf("got %s, %v, want %s", show(got), err, show(want))
		}
		if left, _ := os.ReadDir(s.dir); len(left) != 2 {
			t.Errorf("%d entries in the folder, want current and one generation", len(left))
		}
	}
}

func TestStore_OnlyItsOwnerMayEnter(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	if err := change(s, configuration("A", "1", "F", "@f")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		s.dir: 0o700, filepath.Join(s.dir, "current"): 0o600, s.path(1): 0o700,
		filepath.Join(s.path(1), "variables.json"): 0o600, filepath.Join(s.path(1), "files"): 0o700, s.File(1, "F"): 0o444,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestStore_KeepsGenerationsThatAreInUse(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	for i := range 4 {
		generation, err := s.Write(configuration("A", fmt.Sprint(i)))
		if err != nil || generation != i+1 {
			t.Fatalf("got generation %d, %v, want %d", generation, err, i+1)
		}
	}
	if err := errors.Join(s.Use(2), s.Prune(3)); err != nil {
		t.Fatal(err)
	}
	if s.Has(1) || !s.Has(2) || !s.Has(3) || s.Has(4) || !s.Has(None) {
		t.Error("want today's 2 and the 3 that is in use to be kept, and no other")
	}
	if generation, err := s.Write(configuration()); err != nil || generation != 4 {
		t.Errorf("got generation %d, %v, want the one after the highest", generation, err)
	}
}

// TestStore_KilledBetweenAnyTwoOperationsHasTheOldOrTheNew dies at each change
// of a file in turn, and looks at what a process that comes then finds.
func TestStore_KilledBetweenAnyTwoOperationsHasTheOldOrTheNew(t *testing.T) {
	old, next := configuration("A", "old", "F", "@old"), configuration("A", "new", "F", "@new", "G", "@new")
	var olds, news int
	for at := 1; ; at++ {
		s := Open(filepath.Join(t.TempDir(), "env"))
		if err := change(s, old); err != nil {
			t.Fatal(err)
		}
		operations := 0
		dying := Store{s.dir, disk{func() error {
			if operations++; operations >= at {
				return errors.New("killed")
			}
			return nil
		}}}
		died := change(dying, next) != nil
		switch got, err := s.Load(); {
		case err == nil && show(got) == show(old):
			olds++
		case err == nil && show(got) == show(next):
			news++
		default:
			t.Errorf("killed at operation %d: got %s, %v, want the old or the new", at, show(got), err)
		}
		if err := change(s, next); err != nil {
			t.Errorf("killed at operation %d: the next change: %v", at, err)
		}
		if got, err := s.Load(); err != nil || show(got) != show(next) {
			t.Errorf("killed at operation %d: after the next change got %s, %v", at, show(got), err)
		}
		if left, _ := os.ReadDir(s.dir); len(left) != 2 {
			t.Errorf("killed at operation %d: %d entries are left, want 2", at, len(left))
		}
		if !died {
			break
		}
	}
	if olds < 5 || news < 2 {
		t.Errorf("%d times the old and %d times the new: too few operations were tried", olds, news)
	}
}

func TestStore_SaysWhatIsWrongWithItsFiles(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "env"))
	if err := change(s, configuration("A", "canary")); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []struct{ path, content, want string }{
		{filepath.Join(s.path(1), "variables.json"), `{"A":"canary`, "generation 1: variables.json does not hold a JSON object"},
		{filepath.Join(s.path(1), "variables.json"), `null`, "generation 1: variables.json does not hold a JSON object"},
		{filepath.Join(s.dir, "current"), "7\n", "generation 7: open "},
		{filepath.Join(s.dir, "current"), "canary", "does not hold a number"},
	} {
		if err := os.WriteFile(broken.path, []byte(broken.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(); err == nil || !strings.Contains(err.Error(), broken.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %q without a value", broken.path, err, broken.want)
		}
	}
}
