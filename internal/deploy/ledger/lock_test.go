package ledger

import (
	"os"
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
