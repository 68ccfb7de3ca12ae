package supervisor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSupervise_StartsAProgramAgainThatIsKilled(t *testing.T) {
	h := newHost(t)
	supervisor, child := h.started("one")
	for range 3 {
		h.kill(child)
		child = h.child(child)
	}
	if h.supervisor() != supervisor {
		t.Error("the supervisor is another one")
	}
	log, _ := os.ReadFile(supervised(h.dir).path(logFile))
	if got := strings.Count(string(log), "Infrastructure died"); got != 3 {
		t.Errorf("got %d deaths in the log, want 3:\n%s", got, log)
	}
}

func TestSupervise_EndsBothOnSIGTERM(t *testing.T) {
	h := newHost(t)
	supervisor, child := h.started("one")
	if err := syscall.Kill(supervisor, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	h.gone(supervisor, child)
	if log, _ := os.ReadFile(supervised(h.dir).path(logFile)); len(log) > 0 {
		t.Errorf("got %q in the log, want no death", log)
	}
}

// What is to be finished is finished, also without a supervisor, and the next
// start waits for it.
func TestSupervise_KilledEndsTheProgramAndTheNextStartWaitsForThat(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "finished")
	t.Setenv(lateVariable, gate)
	h := newHost(t)
	t.Cleanup(func() { _ = os.WriteFile(gate, nil, 0o600) })
	supervisor, child := h.started("one")
	h.kill(supervisor)
	h.eventually("the end of the supervisor", func() bool { return !supervised(h.dir).isSupervised() })
	if !alive(child) {
		t.Error("the program has ended before it was done")
	}
	s := supervised(h.dir)
	var said string
	s.Out = writerFunc(func(line string) {
		said += line
		_ = os.WriteFile(gate, nil, 0o600) // once start waits for it
	})
	if err := s.Start(t.Context()); err != nil || !strings.HasPrefix(said, "==> Stopping infrastructure\n==> Starting ") {
		t.Errorf("start: got %q, %v", said, err)
	}
	if h.child(child); h.supervisor() == supervisor {
		t.Errorf("the supervisor is still process %d", supervisor)
	}
	h.gone(supervisor, child)
}

func TestStop_EndsAProgramThatHasBarelyStarted(t *testing.T) {
	h := newHost(t)
	gate := filepath.Join(h.dir, "started")
	t.Setenv(slowVariable, gate)
	if said, err := h.start("one"); err != nil {
		t.Fatalf("start: %v\n%s", err, said)
	}
	if _, err := h.stop(); err != nil { // wherever it is between its fork and its work
		t.Errorf("stop: %v", err)
	}
	if said, err := h.start("one"); err != nil {
		t.Fatalf("start: %v\n%s", err, said)
	}
	h.eventually("the program to have started", func() bool { return exists(gate) })
	if _, err := h.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if s := supervised(h.dir); s.isSupervised() || s.IsRunning() {
		t.Error("it runs after stop")
	}
}

// shellSupervisor is what earlier versions left running: a shell that holds the
// lock, with its process id in a file, and ends its child when it is told to.
const shellSupervisor = `
cd "$1" && echo $$ >supervisor.pid && echo '4242 100' >fingerprint
exec 8>supervisor.lock && flock 8
trap 'kill $child; wait $child; exit 0' TERM
(exec 8>&-; exec "$2" run) &
child=$!
while kill -0 $child; do wait $child; done
`

func TestStart_ReplacesTheShellThatSupervisedInEarlierVersions(t *testing.T) {
	h := newHost(t)
	s := supervised(h.dir)
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-c", shellSupervisor, "sh", s.Dir, os.Args[0])
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) // with its child, if start did not end them
		_ = shell.Wait()
	}()
	old := h.child(0)
	h.eventually("the shell to hold its lock", s.isSupervised)
	said, err := h.start("one")
	if err != nil || !strings.HasPrefix(said, "==> Replacing infrastructure: ") {
		t.Errorf("got %q, %v", said, err)
	}
	h.child(old)
	h.gone(old, shell.Process.Pid)
}
