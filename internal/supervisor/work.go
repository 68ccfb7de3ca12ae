package supervisor

import (
	"context"
	"log/slog"
	"os/signal"
	"time"

	"deux/internal/program"
)

// launchTimeout is how long a program waits for its turn to start a supervisor
// and for that to supervise. Whoever has the turn may wait for an end, too.
const launchTimeout = stopTimeout + 30*time.Second

// Work is the program as the child of a supervisor: it calls work, which holds
// LockFile until it returns, and then, if the supervisor was killed, starts
// another one, which starts the program again.
func (s *Supervisor) Work(ctx context.Context, log *slog.Logger, work func(context.Context) error) error {
	supervisor := program.ReadPID(s.path(pidFile))
	ctx, stop := signal.NotifyContext(ctx, deathSignal) // which comes more than once
	defer stop()
	err := work(ctx)
	if ctx.Err() != nil && s.isKilled(supervisor) {
		s.replace(supervisor, log)
	}
	return err
}

// isKilled reports whether the supervisor was killed. The kernel tells its child
// when one of its threads has died, and drops its lock with the last of them.
func (s *Supervisor) isKilled(supervisor int) bool {
	if supervisor == 0 || program.ReadPID(s.path(pidFile)) != supervisor {
		return false // it ends, and told its child to
	}
	lock, err := program.TakeLock(s.path(lockFile))
	if err != nil {
		return false
	}
	return lock.Close() == nil
}

// replace starts another supervisor, unless somebody has since started one, or
// stopped this one: both change what pidFile says, when they have the turn.
func (s *Supervisor) replace(supervisor int, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	leave, err := s.enter(ctx)
	if err != nil {
		log.Error("Cannot replace the supervisor that was killed", "error", err)
		return
	}
	defer leave()
	if program.ReadPID(s.path(pidFile)) != supervisor || s.isSupervised() || s.IsRunning() {
		return
	}
	log.Warn("The supervisor was killed, starting another one", "process", supervisor)
	if err := s.launch(ctx); err != nil {
		log.Error("Cannot replace the supervisor that was killed", "error", err)
	}
}
