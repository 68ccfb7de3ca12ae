package deploy

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/deploy/keptlog"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// endingDocker is a Docker whose candidates are in this state, and print a line.
type endingDocker struct {
	docker
	state engine.State
}

func (e endingDocker) State(ctx context.Context, id string) (engine.State, error) {
	state, err := e.docker.State(ctx, id)
	if err != nil || state.Kept {
		return state, err
	}
	return e.state, nil
}

func (e endingDocker) Logs(_ context.Context, id string, lines int, _ bool, out io.Writer) error {
	_, err := fmt.Fprintf(out, "%d lines of %s\n", lines, id)
	return err
}

func (e endingDocker) MemoryKills(context.Context, string, time.Time) (time.Time, int) {
	return time.Time{}, 1
}

func TestCandidate_ThatEndsShowsWhyAndItsLogAndIsRemoved(t *testing.T) {
	const memory = "the app was killed for using more than BLUE_APP_MEMORY=64m: raise that in .env, then make up, or have it use less"
	for _, test := range []struct {
		name, want string
		state      engine.State
	}{
		{"by itself", "the container ended with exit code 3", engine.State{ExitCode: 3}},
		{"for its memory", memory, engine.State{ExitCode: health.Killed, Memory: true}},
		{"for its memory, which only an event says", memory, engine.State{ExitCode: health.Killed}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			w.colour.limits.Memory = 64 << 20
			w.with(func(d *Deployer) { d.docker = endingDocker{d.docker, test.state} })
			w.wantRefused(w.push(undisturbed(), w.revisions[2]), "DEPLOY FAILED blue health THREE: "+test.want)
			if want := "\nLast 50 lines of its log:\n50 lines of container 3\nDEPLOY FAILED"; !strings.Contains(w.said(), want) {
				t.Errorf("got\n%s, want in it\n%s", w.said(), want)
			}
			w.wantServing("refused", w.revisions[1])
			kept, err := os.ReadFile(w.failedLog(w.revisions[2]))
			if err != nil || string(kept) != "hello from container 3\n" {
				t.Errorf("its kept log: got %q, %v, want what it printed", kept, err)
			}
		})
	}
}

// failedLog is the path of the kept log of a candidate of the revision.
func (w *world) failedLog(revision string) string {
	found, _ := filepath.Glob(filepath.Join(w.ledger().Path(ledger.Logs), "*_"+revision+"_"+keptlog.Failed+".log"))
	return strings.Join(found, " ")
}

func TestCandidate_ThatCannotBeRemovedIsRemovedByTheNextPush(t *testing.T) {
	w := pushedWorld(t)
	w.with(func(d *Deployer) { d.docker = endingDocker{d.docker, engine.State{ExitCode: 3}} })
	w.wantRefused(w.push(refusing("docker rm"), w.revisions[2]), "DEPLOY FAILED blue health THREE: the container ended with exit code 3")
	if !strings.Contains(w.said(), "\nwarning: no luck\n") || len(w.daemon.boxes) != 2 {
		t.Errorf("got %+v and\n%s, want a warning, and the candidate", w.daemon.boxes, w.said())
	}
	w.meets = nil
	if err := w.push(undisturbed(), w.revisions[2]); err != nil || !strings.Contains(w.said(), ", which an interrupted push left\n") {
		t.Fatalf("the next push: got %v\n%s", err, w.out)
	}
	w.wantServing("the next push", w.revisions[2])
}

// checked is a Docker in which every container has this check.
type checked struct {
	docker
	*exitingPatient
}

func (c checked) State(ctx context.Context, id string) (engine.State, error) {
	return c.exitingPatient.State(ctx, id)
}

func (c checked) Exec(ctx context.Context, id string, command []string) (int, string, error) {
	return c.exitingPatient.Exec(ctx, id, command)
}

func (c checked) MemoryKills(ctx context.Context, id string, since time.Time) (time.Time, int) {
	return c.exitingPatient.MemoryKills(ctx, id, since)
}

func TestCandidate_ThatIsNotHealthyInTimeNamesTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sick := checked{exitingPatient: &exitingPatient{code: 1, output: "no table\n"}}
		d := &Deployer{docker: sick, colour: colour{name: "green", health: time.Minute}, out: &output{to: io.Discard}}
		begun := time.Now()
		err := d.waitUntilHealthy(t.Context(), &ledger.Deployment{Container: "id"})
		want := "not healthy within 1m0s: the image's HEALTHCHECK exits with 1: no table " +
			"(the limit is HEALTH_TIMEOUT, for green alone GREEN_HEALTH_TIMEOUT: change it in .env, then make up)"
		if took := time.Since(begun); err == nil || err.Error() != want || took != time.Minute {
			t.Errorf("after %v: got\n%v, want after a minute\n%s", took, err, want)
		}
	})
}

// An app that answers something other than HTTP, such as its password, shows that
// to its pusher alone.
func TestCandidate_ThatSpeaksNoHTTPLeavesNothingOfItsAnswerInTheJournal(t *testing.T) {
	app, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	go func() {
		if connection, err := app.Accept(); err == nil {
			fmt.Fprint(connection, "password=canary\r\n")
			connection.Close()
		}
	}()
	err = &stepError{"health", health.Answers(t.Context(), "http://"+app.Addr().String(), 8080)}
	if got := withoutOutput(err); !strings.Contains(err.Error(), "canary") || !strings.HasSuffix(got, ": what comes back is not HTTP") {
		t.Errorf("got %v and in the journal %q, want the quote for the pusher alone", err, got)
	}
}

func TestCandidate_ThatStaysSickIsRefusedAndGone(t *testing.T) {
	w := pushedWorld(t)
	w.colour.health = time.Millisecond
	w.hangs("health")
	_ = w.push(undisturbed(), w.revisions[2])
	if got, want := lastLine(w.said()), "DEPLOY FAILED blue health THREE: not healthy within 1ms: "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q…", got, want)
	}
	w.wantServing("refused", w.revisions[1])
}

// buildingDocker is a Docker whose builder prints this and fails.
type buildingDocker struct {
	docker
	prints string
}

func (b buildingDocker) Build(_ context.Context, _, _ string, _ []string, _ int64, out io.Writer) (string, error) {
	fmt.Fprint(out, b.prints)
	return "", exec.Command("false").Run()
}

func TestBuild_ThatFailsEndsWithTheBuildersLastLine(t *testing.T) {
	w := pushedWorld(t)
	w.with(func(d *Deployer) { d.docker = buildingDocker{d.docker, "Step 1/2\nunknown instruction:  FORM\n"} })
	w.wantRefused(w.push(undisturbed(), w.revisions[2]), "DEPLOY FAILED blue build THREE: unknown instruction: FORM (exit status 1)")
	if !strings.Contains(w.said(), "\n==> Building blue-image\nStep 1/2\nunknown instruction:  FORM\nDEPLOY") {
		t.Errorf("got\n%s, want what the builder printed", w.said())
	}
	steps, err := w.lists.Snapshot(t.Context(), fleet.Depth{})
	if err != nil || strings.Contains(fmt.Sprint(steps.Deploys["blue"]), "FORM") {
		t.Errorf("the journal: got %v, %v, want nothing of what the builder printed", steps.Deploys["blue"], err)
	}
}

func TestBuild_ThatTakesTooLongNamesTheLimit(t *testing.T) {
	w := pushedWorld(t)
	w.config.BuildTimeout = time.Millisecond
	w.hangs("build")
	w.wantRefused(w.push(undisturbed(), w.revisions[2]), "DEPLOY FAILED blue build THREE: took longer than BUILD_TIMEOUT=1ms")
	w.wantServing("refused", w.revisions[1])
}
