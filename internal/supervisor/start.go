package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"deux/internal/program"
)

// Start has the program run in the background. It does nothing if the same
// program already runs with the same settings, else it replaces it.
func (s *Supervisor) Start(ctx context.Context) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.isSupervised() && s.isCurrent() {
		s.say("Infrastructure runs already")
		return nil
	}
	if s.isSupervised() {
		s.say("Replacing infrastructure: its program or settings changed")
	}
	if err := s.stop(ctx); err != nil {
		return err
	}
	if other := Elsewhere(s.LockFile, s.Program); other != "" {
		return fmt.Errorf("infrastructure of this system runs from %s", other)
	}
	if s.IsRunning() {
		return fmt.Errorf("infrastructure runs already, in another terminal or without its supervisor: end it with kill %d", topOf(program.ReadPID(s.LockFile)))
	}
	here, _ := os.Getwd()
	s.say("Starting infrastructure in the background, log in %s", strings.TrimPrefix(s.path(logFile), here+"/"))
	return s.launch(ctx)
}

// Stop ends what Start has started, and waits until it has ended.
func (s *Supervisor) Stop(ctx context.Context) error {
	if _, err := os.Stat(s.Dir); err != nil {
		return nil // it was never started
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return s.end(ctx)
}

// end is Stop for a caller that has the turn. A program whose supervisor was
// killed must not start another one afterwards (Work).
func (s *Supervisor) end(ctx context.Context) error {
	err := s.stop(ctx)
	if err != nil && s.isSupervised() {
		return err // it needs what forget removes
	}
	return errors.Join(err, s.forget())
}

// stop ends what was started, for a caller that has the turn.
func (s *Supervisor) stop(ctx context.Context) error {
	if s.isOver() {
		return nil
	}
	s.say("Stopping infrastructure")
	waiting, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	isTold := false
	for range program.Pauses(waiting, 10*time.Millisecond, 100*time.Millisecond) {
		if s.isOver() {
			return nil
		}
		if pid := program.ReadPID(s.path(pidFile)); !isTold && pid > 0 && s.isSupervised() { // it may not have written it yet
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("ending process %d: %w", pid, err)
			}
			isTold = true
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("process %d does not end within %v: end it with kill -9", program.ReadPID(s.LockFile), stopTimeout)
}

// isOver reports whether nothing that Start has started still runs.
func (s *Supervisor) isOver() bool { return !s.isSupervised() && !s.isOrphan() }

// launch starts a supervisor and returns once it supervises.
func (s *Supervisor) launch(ctx context.Context) error {
	if err := s.forget(); err != nil {
		return err
	}
	log, err := s.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(s.Program, Argument)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for range program.Pauses(ctx, time.Millisecond, 50*time.Millisecond) {
		select {
		case err := <-ended:
			return fmt.Errorf("the supervisor ended at once (%v): see %s", err, s.path(logFile))
		default:
		}
		if program.ReadPID(s.path(pidFile)) == command.Process.Pid {
			return nil
		}
	}
	return context.Cause(ctx)
}

// forget removes the state of the last supervisor.
func (s *Supervisor) forget() error {
	for _, file := range []string{fingerprintFile, pidFile} {
		if err := os.Remove(s.path(file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
