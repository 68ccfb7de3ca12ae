package program

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ErrLocked means that another process holds a lock.
var ErrLocked = errors.New("another process holds the lock")

// lockPatience is longer than IsLocked holds a lock while it checks it.
const lockPatience = time.Second

// TakeLock makes this the only process on the host that holds the lock at path,
// until the file is closed or the process ends: the kernel drops a flock with
// its process (flock(2)), so a kill -9 leaves nothing to clean up. The error is
// ErrLocked if another process holds it.
func TakeLock(path string) (*os.File, error) {
	file, err := openLock(path)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	for end := time.Now().Add(lockPatience); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if time.Now().After(end) {
			file.Close()
			return nil, ErrLocked
		}
	}
}

// IsLocked reports whether a living process holds the lock. A lock that may not
// be read counts as free: this process could not end its holder.
func IsLocked(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// openLock opens an existing file without O_CREATE: in a shared directory
// Linux refuses that flag for another user's file (fs.protected_regular).
func openLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	}
	return file, err
}
