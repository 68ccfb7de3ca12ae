package ledger

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"deux/internal/program"
)

// LockPause is how long a process waits between two looks at another one's lock.
const LockPause = 50 * time.Millisecond

// Lock makes this the only process that works on the colour, until unlock or
// its death: the kernel drops a flock with its process (flock(2)). Between the
// two hooks of a push no process of ours lives to hold it; then the push's
// file and git's own process stand for it. Self is the git that this process is
// a hook of. If it has to wait, waiting is called once.
func (l *Ledger) Lock(ctx context.Context, self Process, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(l.Path(lockFile), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("%w: make deploy-init makes it", err)
	}
	for said := false; ; said = true {
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			if !l.betweenHooks(self) {
				l.sweep()
				return func() { file.Close() }, nil
			}
			_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
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

// betweenHooks reports whether another push has been accepted and git is about
// to move its ref.
func (l *Ledger) betweenHooks(self Process) bool {
	other, under := l.UnderWay()
	return under && other.Ready && other.Git != self && other.Git.Alive()
}

// sweep removes what a process left that was killed while it wrote a file that
// is written under the lock alone. What it can't remove is in nobody's way.
func (l *Ledger) sweep() {
	for _, file := range []string{currentFile, underWayFile, downFile, portFile} {
		_ = program.RemoveUnfinished(l.Path(file))
	}
}
