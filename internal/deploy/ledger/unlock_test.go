package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// inherit opens a file of this process once more, as a process has it that was
// forked and has not executed its program yet.
func inherit(t *testing.T, path string) {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range open {
		if target, _ := os.Readlink("/proc/self/fd/" + entry.Name()); target != path {
			continue
		}
		var number int
		_, err := fmt.Sscan(entry.Name(), &number)
		descriptor, failure := syscall.Dup(number)
		if err := errors.Join(err, failure); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Close(descriptor) })
		return
	}
	t.Fatalf("%s is not open", path)
}

func TestLock_IsFreeOnceItIsUnlockedEvenIfAForkedProcessHasTheFile(t *testing.T) {
	l := made(t)
	unlock, err := l.Lock(t.Context(), Process{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	inherit(t, l.Path(lockFile))
	unlock()
	ctx, cancel := context.WithCancelCause(t.Context())
	unlock, err = l.Lock(ctx, Process{}, func() { cancel(errors.New("it is held")) })
	if err != nil {
		t.Fatalf("got %v, want the lock at once", err)
	}
	unlock()
}
