package infrastructure

import (
	"errors"
	"fmt"
	"os"
	"time"

	"deux/internal/program"
)

// takeLock makes this the only poller on the host while the process lives. It
// fails if another poller holds the lock. The file names the process.
func takeLock(path string) (*os.File, error) {
	file, err := program.TakeLock(path)
	if errors.Is(err, program.ErrLocked) {
		return nil, fmt.Errorf("another infrastructure runs for this system, process %d: end it first, with make down or Ctrl-C in its terminal", program.ReadPID(path))
	}
	if err != nil {
		return nil, err
	}
	_ = file.Chmod(0o666) // so that another user can run the next poller; only the owner can do this, and has
	_ = file.Truncate(0)
	_, _ = fmt.Fprintf(file, "%d\n", os.Getpid())
	return file, nil
}

// Since returns when the last poller took the lock, or zero if there was none.
func Since(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().Truncate(time.Millisecond)
}

// Runs reports whether a living poller holds the lock.
func Runs(path string) bool { return program.IsLocked(path) }
