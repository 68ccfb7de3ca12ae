package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/program"
	"deux/internal/redistest"
	"deux/internal/settings"
)

// waits is an output that tells of its first line.
type waits chan string

func (w waits) Write(line []byte) (int, error) {
	w <- string(line)
	return len(line), nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// unmet is a Deployer without Docker and Redis, and what it says.
func unmet(t *testing.T) (*Deployer, waits) {
	t.Helper()
	config, err := ReadConfig(settings.From(func(string) string { return "" }), t.TempDir())
	colour, unknown := config.colour("blue")
	written, said := ledger.At(colour.git), make(waits, 1)
	if err := errors.Join(err, unknown, written.Make()); err != nil {
		t.Fatal(err)
	}
	return newDeployer(config, colour, written, said), said
}

// acceptPush has a push between its hooks, when only its git is left to say so,
// until git is killed.
func acceptPush(t *testing.T, d *Deployer) (kill func()) {
	t.Helper()
	git := exec.Command("cat")
	_, err := git.StdinPipe()
	if err := errors.Join(err, git.Start()); err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = git.Process.Kill(); _ = git.Wait() }
	t.Cleanup(kill)
	if err := d.ledger.Save(&ledger.Deployment{Ready: true, Git: ledger.ProcessOf(git.Process.Pid)}); err != nil {
		t.Fatal(err)
	}
	return kill
}

func TestHold_WaitsForAnAcceptedPushAndKeepsOthersOutUntilItsCommandHasEnded(t *testing.T) {
	d, said := unmet(t)
	kill := acceptPush(t, d)
	began, ended := filepath.Join(t.TempDir(), "began"), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	command := []string{"sh", "-c", `trap "exit 7" TERM; echo >"$0"; while :; do sleep 0.01; done`, began}
	go func() { ended <- d.Hold(ctx, console(t), command) }()
	redistest.Eventually(t, func() bool { return len(said) > 0 }, func() { t.Fatal("it does not say that it waits") })
	if line := <-said; !strings.HasPrefix(line, "Waiting for another push to blue") || exists(began) {
		t.Errorf("got %q, and that it began: %v; want it to wait for the push", line, exists(began))
	}
	kill()
	redistest.Eventually(t, func() bool { return exists(began) }, func() { t.Error("the command was not run") })
	if lock := d.ledger.Path("lock"); !program.IsLocked(lock) {
		t.Error("while the command runs, another process may work on the colour")
	}
	cancel() // which the command is told
	if err := <-ended; !errors.Is(err, program.Exit(7)) {
		t.Errorf("got %v, want the command's own exit code", err)
	}
	if program.IsLocked(d.ledger.Path("lock")) {
		t.Error("the colour is still locked")
	}
}

func TestHold_ReturnsHowItsCommandEnded(t *testing.T) {
	d, _ := unmet(t)
	for line, want := range map[string]string{"true": "<nil>", "false": "exit code 1", "/nowhere": "fork/exec /nowhere: no such file or directory"} {
		if err := d.Hold(t.Context(), console(t), []string{line}); fmt.Sprint(err) != want {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
}
