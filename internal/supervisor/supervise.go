package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"deux/internal/program"
)

// Supervise keeps the program running until ctx ends, and returns when the
// program has ended too.
func (s *Supervisor) Supervise(ctx context.Context, log *slog.Logger) error {
	lock, err := program.TakeLock(s.path(lockFile))
	if err != nil {
		return fmt.Errorf("supervising: %w", err)
	}
	defer lock.Close()
	if err := program.ReplaceFile(s.path(fingerprintFile), []byte(s.Fingerprint), 0o600); err != nil { // it covers a password too
		return err
	}
	if err := program.ReplaceFile(s.path(pidFile), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return err
	}
	go s.keepLogShort(ctx, log)
	runtime.LockOSThread() // Pdeathsig is bound to this thread: go.dev/issue/27505
	defer runtime.UnlockOSThread()
	program.Keep(ctx, log, "Infrastructure", s.Pace, s.run)
	return nil
}

// deathSignal is what the program gets when this process is killed: once for each
// thread that its end leaves the child to (prctl(2), PR_SET_PDEATHSIG), while a
// second SIGTERM would kill it.
const deathSignal = syscall.SIGHUP

// run runs the program until it dies. It gets SIGTERM when ctx ends, and
// deathSignal when this process is killed: without a supervisor nothing would
// start it again, so it starts another one (Work).
func (s *Supervisor) run(ctx context.Context) error {
	command := exec.CommandContext(ctx, s.Program, ChildArgument)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: deathSignal}
	command.Cancel = func() error {
		_ = os.Remove(s.path(pidFile)) // it is told by this process, not by the death of it
		return command.Process.Signal(syscall.SIGTERM)
	}
	return command.Run()
}
