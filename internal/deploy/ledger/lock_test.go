package ledger

import (
	"os"
	"strings"
	"testing"
)

func TestLock_WaitsForAPushThatIsBetweenItsHooks(t *testing.T) {
	l, self := made(t), Process{1, "1"}
	for _, test := range []struct {
		name    string
		other   Deployment
		between bool
	}{
		{"at work", Deployment{Git: ProcessOf(os.Getpid())}, false}, // it would hold the lock itself
		{"accepted", Deployment{Ready: true, Git: ProcessOf(os.Getpid())}, true},
		{"accepted, and git has died", Deployment{Ready: true, Git: Process{os.Getpid(), "1"}}, false},
		{"this very push", Deployment{Ready: true, Git: self}, false},
	} {
		if err := l.Save(&test.other); err != nil {
			t.Fatal(err)
		}
		if got := l.betweenHooks(self); got != test.between {
			t.Errorf("%s: got %v, want %v", test.name, got, test.between)
		}
	}
}

func TestLock_RemovesWhatAKilledProcessLeft(t *testing.T) {
	l := made(t)
	for _, name := range []string{".push.json-1", ".volumes.json-2", "history"} {
		if err := os.WriteFile(l.Path(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unlock, err := l.Lock(t.Context(), Process{}, func() { t.Error("it waits, and nobody has the lock") })
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	var got []string
	entries, _ := os.ReadDir(l.dir)
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	// bin/deploy run writes volumes.json without the lock.
	if want := ".volumes.json-2 history lock"; strings.Join(got, " ") != want {
		t.Errorf("left %q, want %s", got, want)
	}
}
