package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deux/internal/program"
)

func TestWork_StartsAnotherSupervisorForOneThatIsKilled(t *testing.T) {
	h := newHost(t)
	supervisor, child := h.started("one")
	for range 3 {
		h.kill(supervisor)
		for range 3 { // the kernel may tell it once for each thread
			_ = syscall.Kill(child, deathSignal)
		}
		next := h.child(child)
		h.gone(supervisor, child)
		if h.supervisor() == supervisor {
			t.Fatalf("the supervisor is still process %d", supervisor)
		}
		supervisor, child = h.supervisor(), next
	}
	if said, err := h.start("one"); err != nil || said != "==> Infrastructure runs already\n" {
		t.Errorf("start: got %q, %v", said, err)
	}
	if _, err := h.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	h.gone(supervisor, child)
	if s := supervised(h.dir); s.IsRunning() || s.isSupervised() {
		t.Error("after stop it still runs")
	}
}

// finishing has a program that has lost its supervisor finish something until
// the returned function is called.
func (h *host) finishing() (child int, finish func()) {
	h.t.Helper()
	gate := filepath.Join(h.t.TempDir(), "finished")
	h.t.Setenv(lateVariable, gate)
	finish = func() { _ = os.WriteFile(gate, nil, 0o600) }
	h.t.Cleanup(finish)
	supervisor, child := h.started("one")
	h.kill(supervisor)
	h.eventually("the end of the supervisor", func() bool { return !supervised(h.dir).isSupervised() })
	return child, finish
}

// stays checks that nothing was started.
func (h *host) stays(child int) {
	h.t.Helper()
	h.gone(child)
	if s := supervised(h.dir); s.isSupervised() || s.IsRunning() {
		h.t.Error("it runs after stop")
	}
}

func TestWork_DoesNotOutliveAStopThatWaitsForIt(t *testing.T) {
	h := newHost(t)
	child, finish := h.finishing()
	s := supervised(h.dir)
	s.Out = writerFunc(func(line string) {
		if !strings.HasPrefix(line, "==> Stopping ") {
			t.Errorf("said %q", line)
		}
		finish()
	})
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	h.stays(child)
}

// A stop may find neither a supervisor nor the program: that has just dropped
// its lock, and waits for the turn that the stop has.
func TestWork_DoesNotOutliveAStopThatFindsItEnded(t *testing.T) {
	h := newHost(t)
	child, finish := h.finishing()
	s := supervised(h.dir)
	turn, err := program.TakeLock(s.path(turnFile))
	if err != nil {
		t.Fatal(err)
	}
	finish()
	h.eventually("the program to have dropped its lock", func() bool { return !s.IsRunning() })
	if err := s.end(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	turn.Close()
	h.stays(child)
}
