// Package streamtest is what the tests of the stream's packages share: waiting
// for a state, socat, and the program under test as a process.
package streamtest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience is how long a test waits for what must come, on a busy machine too.
const Patience = 20 * time.Second

// WaitFor returns as soon as happened does.
func WaitFor(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", Patience, what)
		}
	}
}

// NeedSocat skips the test where there is no socat, unless REQUIRE_TOOLS says
// that there has to be.
func NeedSocat(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("socat"); err == nil {
		return
	}
	if os.Getenv("REQUIRE_TOOLS") == "1" {
		t.Fatal("socat is not installed, and REQUIRE_TOOLS=1")
	}
	t.Skip("socat is not installed")
}

// runsProgram tells a test binary that it is the program.
const runsProgram = "STREAMTEST_RUNS_PROGRAM"

// Main is the TestMain of a program: the tests, or the program itself in the
// processes that the tests start.
func Main(m *testing.M, program func()) {
	if os.Getenv(runsProgram) == "" {
		os.Exit(m.Run())
	}
	program()
}

// Process is the program under test in a process of its own.
type Process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
	err    error // how it ended
}

// Start runs the program with these settings until the test ends at the
// latest, and logs what it said if the test has failed.
func Start(t testing.TB, environment ...string) *Process {
	t.Helper()
	p := &Process{cmd: command(environment), ended: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.err = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", p.stderr.String())
		}
	})
	return p
}

func command(environment []string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), runsProgram+"=1"), environment...)
	return cmd
}

// Kill ends the process with SIGKILL.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// Wait waits for the process to end by itself and returns how it did, and
// what it said.
func (p *Process) Wait(t testing.TB) (said string, err error) {
	t.Helper()
	select {
	case <-p.ended:
		return p.stderr.String(), p.err
	case <-time.After(Patience):
		t.Fatalf("the program did not end within %v", Patience)
		return "", nil
	}
}

// WantCleanEnd sends SIGTERM, after which the process must end with status 0.
func (p *Process) WantCleanEnd(t testing.TB) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if _, err := p.Wait(t); err != nil {
		t.Errorf("got an end with %v, want one with status 0", err)
	}
}

// WantRefusal runs the program with settings that it must refuse: with status
// 1 and one line that has the reason.
func WantRefusal(t testing.TB, reason string, environment ...string) {
	t.Helper()
	said, err := Start(t, environment...).Wait(t)
	wantFailure(t, reason, said, err)
}

// WantHealthy runs the program's health check, which must succeed in silence.
func WantHealthy(t testing.TB, environment ...string) {
	t.Helper()
	said, err := command(environment, "-health").CombinedOutput()
	if err != nil || len(said) > 0 {
		t.Errorf("health check: got %v and %q, want status 0 and no output", err, said)
	}
}

// WantUnhealthy runs the program's health check, which must fail with status
// 1 and one line that has the reason.
func WantUnhealthy(t testing.TB, reason string, environment ...string) {
	t.Helper()
	said, err := command(environment, "-health").CombinedOutput()
	wantFailure(t, reason, string(said), err)
}

func wantFailure(t testing.TB, reason, said string, err error) {
	t.Helper()
	exit, _ := err.(*exec.ExitError)
	if exit == nil || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	if strings.Count(said, "\n") != 1 || !strings.Contains(said, reason) {
		t.Errorf("got %q, want one line with %q", said, reason)
	}
}
