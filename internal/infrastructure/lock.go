package infrastructure

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// takeLock makes this the only poller on the host, for as long as the process
// lives: the kernel drops a flock with its process (flock(2)), so a kill -9
// leaves nothing to clean up. It fails when another poller holds the lock.
func takeLock(path string) (*os.File, error) {
	file, err := openLock(path)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	err = tryLock(file)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := io.ReadAll(io.LimitReader(file, 20))
		file.Close()
		return nil, fmt.Errorf("another infrastructure runs for this system, process %s: end it first, with make down or Ctrl-C in its terminal",
			strings.TrimSpace(string(holder)))
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	_ = file.Chmod(0o666) // for whoever runs the next one; only the owner can, and has
	_ = file.Truncate(0)
	_, _ = fmt.Fprintf(file, "%d\n", os.Getpid())
	return file, nil
}

// Runs reports whether a living poller holds the lock.
func Runs(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// lockPatience is longer than Runs and scripts/infrastructure.sh hold the lock
// when they ask who has it.
const lockPatience = time.Second

func tryLock(file *os.File) error {
	for end := time.Now().Add(lockPatience); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			return err
		}
	}
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
