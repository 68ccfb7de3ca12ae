package ledger

import (
	"context"
	"os"
	"syscall"
	"time"

	"deux/internal/program"
)

// LockPause is how long a process waits between two looks at another's lock.
const LockPause = 50 * time.Millisecond

// Lock makes this the only process that works on the colour, until unlock or
// its death: the kernel drops a flock with its process (flock(2)). Between the
// two hooks of a push none of our processes lives to hold it, so the push's file
// and git's own process stand in for it. self is the git that runs this process
// as a hook. If Lock has to wait, it calls waiting once.
func (l *Ledger) Lock(ctx context.Context, self Process, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(l.Path(lockFile), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, unmade(err)
	}
	for said := false; ; said = true {
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			if !l.betweenHooks(self) {
				l.sweep()
				return func() { drop(file); file.Close() }, nil
			}
			drop(file)
		}
		if !said {
			waiting()
		}
		if !program.Sleep(ctx, LockPause) {
			file.Close()
			return nil, context.Cause(ctx)
		}
	}
}

// drop ends the flock even if a process that was just forked still has the file
// open: closing it would leave the lock to that one until it executes its program.
func drop(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

// betweenHooks reports whether another push has been accepted and git is about
// to move its ref.
func (l *Ledger) betweenHooks(self Process) bool {
	other, under := l.UnderWay()
	return under && other.Ready && other.Git != self && other.Git.Alive()
}

// sweep removes half-written copies that a killed process left of the files that
// are written only under the lock. What it can't remove is in nobody's way.
func (l *Ledger) sweep() {
	for _, file := range []string{currentFile, underWayFile, downFile, portFile} {
		_ = program.RemoveUnfinished(l.Path(file))
	}
}
