package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program puts a copy of the program into another checkout.
func (h *host) program() (executable string) {
	h.t.Helper()
	executable = filepath.Join(h.t.TempDir(), "bin", "program")
	content, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.Mkdir(filepath.Dir(executable), 0o755)
	}
	if err == nil {
		err = os.WriteFile(executable, content, 0o755)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return executable
}

func TestStart_NamesTheOtherCheckoutThatTheSystemRunsFromAndTouchesNothing(t *testing.T) {
	h := newHost(t)
	supervisor, child := h.started("one")
	clone := supervised(h.dir) // with the same lock file
	clone.Program = h.program()
	clone.Dir = filepath.Join(filepath.Dir(filepath.Dir(clone.Program)), "var")
	err := clone.Start(t.Context())
	want := "runs from " + checkoutOf(resolved(os.Args[0])) + ": make down there ends it"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("start: got %v, want %q", err, want)
	}
	if err := clone.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	if h.supervisor() != supervisor || h.child(0) != child {
		t.Error("other processes run than before")
	}
}

func TestElsewhere_IsEmptyForThisCheckoutAndWithoutAProgram(t *testing.T) {
	h := newHost(t)
	s := supervised(h.dir)
	if got := Elsewhere(s.LockFile, resolved(os.Args[0])); got != "" {
		t.Errorf("while nothing runs: got %q, want nothing", got)
	}
	h.started("one")
	if got := Elsewhere(s.LockFile, resolved(os.Args[0])); got != "" {
		t.Errorf("from this checkout: got %q, want nothing", got)
	}
}

func TestElsewhere_NamesAProcessIfTheCheckoutIsGone(t *testing.T) {
	h := newHost(t)
	executable := h.program()
	if said, err := h.startAs(executable, "one"); err != nil {
		t.Fatalf("start: %v\n%s", err, said)
	}
	h.child(0)
	root := checkoutOf(resolved(executable))
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	want := root + ", which is gone: kill " + itoa(h.supervisor()) + " ends it"
	if got := Elsewhere(supervised(h.dir).LockFile, resolved(os.Args[0])); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
