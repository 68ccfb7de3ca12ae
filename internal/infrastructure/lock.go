package infrastructure

import (
	"errors"
	"fmt"
	"os"

	"deux/internal/program"
)

// takeLock makes this the only poller on the host, for as long as the process
// lives. It fails when another poller holds the lock. The file names the
// process.
func takeLock(path string) (*os.File, error) {
	file, err := program.TakeLock(path)
	if errors.Is(err, program.ErrLocked) {
		return nil, fmt.Errorf("another infrastructure runs for this system, process %d: end it first, with make down or Ctrl-C in its terminal", program.ReadPID(path))
	}
	if err != nil {
		return nil, err
	}
	_ = file.Chmod(0o666) // for whoever runs the next one; only the owner can, and has
	_ = file.Truncate(0)
	_, _ = fmt.Fprintf(file, "%d\n", os.Getpid())
	return file, nil
}

// Runs reports whether a living poller holds the lock.
func Runs(path string) bool { return program.IsLocked(path) }
