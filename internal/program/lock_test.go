package program

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestLock_IsHeldByOneUntilItIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if IsLocked(path) {
		t.Error("without a file: got that it is held")
	}
	lock, err := TakeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TakeLock(path); !errors.Is(err, ErrLocked) || !IsLocked(path) {
		t.Errorf("while it is held: got %v and %v, want ErrLocked and true", err, IsLocked(path))
	}
	lock.Close()
	if IsLocked(path) {
		t.Error("once it is closed: got that it is held")
	}
	if lock, err = TakeLock(path); err != nil {
		t.Errorf("once it is closed: got %v", err)
	}
	lock.Close()
}
