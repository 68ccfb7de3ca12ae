package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/deploy/repotest"
	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

// journalled returns a Deployer of blue that takes steps of its own, and the
// Redis that its journal is in, which does not have to answer.
func journalled(t *testing.T, address string) *Deployer {
	t.Helper()
	work := t.TempDir()
	repotest.Commit(t, work, "one", nil)
	lists := fleet.Open(fleet.Redis{Address: address}, fleet.Site{Host: "172.17.0.1", First: 50200})
	t.Cleanup(func() { lists.Close() })
	d := &Deployer{
		config:     Config{Keep: 5},
		colour:     colour{name: "blue", git: t.TempDir()},
		repository: repo.Repository{Dir: filepath.Join(work, ".git")},
		lists:      lists,
		journal:    &journal{colour: "blue", steps: lists},
		out:        &output{to: new(bytes.Buffer), gone: func() {}},
	}
	d.ledger = ledger.At(d.colour.git)
	if err := d.ledger.Make(); err != nil {
		t.Fatal(err)
	}
	return d
}

// recorded returns the journal, oldest first.
func (d *Deployer) recorded(t *testing.T) []fleet.Step {
	t.Helper()
	seen, err := d.lists.(*fleet.Fleet).Snapshot(t.Context(), fleet.Depth{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(seen.Deploys["blue"])
	return seen.Deploys["blue"]
}

func returns(err error) func(*Deployer, context.Context, *ledger.Deployment) error {
	return func(*Deployer, context.Context, *ledger.Deployment) error { return err }
}

func TestJournal_TellsThePushStepByStepAndItsEnd(t *testing.T) {
	d := journalled(t, redistest.Address(t))
	revision, err := d.repository.Resolve(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	p := d.newPush(t.Context(), "refs/heads/main", revision)
	p.Digest = "sha256:1"
	var during []fleet.Step
	look := func(*Deployer, context.Context, *ledger.Deployment) error { during = d.recorded(t); return nil }
	if err := d.follow(t.Context(), p, []step{{"build", returns(nil)}, {"run", look}}); err != nil {
		t.Fatal(err)
	}
	if len(during) != 2 || during[0].State != fleet.StepDone || during[1].Step != "run" || during[1].State != fleet.StepBegun {
		t.Errorf("during the second step: got %+v, want build done and run begun", during)
	}
	if err := d.ledger.SetCurrent(p); err != nil {
		t.Fatal(err)
	}
	d.succeed(t.Context(), p, ledger.Deployed)
	got := d.recorded(t)
	if len(got) != 3 || got[1].State != fleet.StepDone {
		t.Fatalf("got %+v, want build and run done, and the end", got)
	}
	end := got[2]
	want := fleet.Release{At: p.Time, What: "push", Revision: revision, Digest: "sha256:1", By: p.Who, Subject: "one"}
	if !end.IsEnd() || end.State != fleet.StepDone || end.What != "push" || end.Digest != "sha256:1" || end.Subject != "one" ||
		end.Running == nil || *end.Running != want || !slices.Equal(end.Releases, []fleet.Release{want}) {
		t.Errorf("the end: got %+v, want what runs, %+v, and that alone among the last", end, want)
	}
}

// What Rollback takes without a revision is built before what runs.
func TestJournal_TellsWhichReleasesARollbackHasPassed(t *testing.T) {
	d := journalled(t, redistest.Address(t))
	release := func(second int64, digest string) *ledger.Deployment {
		p := d.newPush(t.Context(), "refs/heads/main", "r"+digest)
		p.Built, p.Digest = at(second), digest
		return p
	}
	for _, p := range []*ledger.Deployment{release(10, "a"), release(20, "b"), release(30, "c"), release(20, "b")} {
		if err := d.ledger.SetCurrent(p); err != nil {
			t.Fatal(err)
		}
		d.succeed(t.Context(), p, ledger.Deployed)
	}
	ends := d.recorded(t)
	var got []string
	for _, release := range ends[len(ends)-1].Releases {
		got = append(got, fmt.Sprint(release.Digest, " ", release.Newer))
	}
	if want := []string{"c true", "b false", "a false"}; !slices.Equal(got, want) {
		t.Errorf("newer than b: got %q, want %q", got, want)
	}
}

func TestJournal_SaysWhyAPushFailedAndNothingThatItPrinted(t *testing.T) {
	d := journalled(t, redistest.Address(t))
	old := d.newPush(t.Context(), "refs/heads/main", "old")
	old.Digest, old.Aim = "sha256:old", ledger.RolledBack
	if err := d.ledger.SetCurrent(old); err != nil {
		t.Fatal(err)
	}
	p := d.newPush(t.Context(), "refs/heads/main", "new")
	failure := d.follow(t.Context(), p, []step{{"build", returns(printed{"password=canary (exit status 1)", "exit status 1"})}})
	if err := d.refuse(t.Context(), p, failure); !errors.Is(err, ErrRefused) {
		t.Fatal(err)
	}
	for _, step := range d.recorded(t) {
		if step.State != fleet.StepFailed || !strings.HasSuffix(step.Why, "exit status 1") || strings.Contains(step.Why, "canary") {
			t.Errorf("got %+v, want a failure with its exit status and without the output", step)
		}
		if step.IsEnd() && (step.Running == nil || step.Running.Revision != "old" || step.Running.What != "rollback") {
			t.Errorf("the end: got %+v to run, want the rollback to old", step.Running)
		}
	}
	if past, err := d.ledger.History(); err != nil || len(past) != 1 || past[0].Why != "build: password=canary (exit status 1)" {
		t.Errorf("history: got %+v, %v, want all of the reason", past, err)
	}
}

func TestWithoutOutput_IsTheRestOfTheReason(t *testing.T) {
	sick := &exitingPatient{code: 1, output: "canary\n"}
	var err error
	synctest.Test(t, func(t *testing.T) {
		err = health.Wait(t.Context(), sick, health.Candidate{ID: "id"}, time.Minute)
	})
	got := withoutOutput(&stepError{"health", err})
	if want := "health: not healthy within 1m0s: the image's HEALTHCHECK exits with 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := withoutOutput(errors.New("no\n space")), "no space"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// exitingPatient runs, and its HEALTHCHECK fails.
type exitingPatient struct {
	code   int
	output string
}

func (*exitingPatient) State(context.Context, string) (engine.State, error) {
	return engine.State{Running: true, Check: []string{"check"}}, nil
}

func (p *exitingPatient) Exec(context.Context, string, []string) (int, string, error) {
	return p.code, p.output, nil
}

func (*exitingPatient) MemoryKills(context.Context, string, time.Time) (time.Time, int) {
	return time.Time{}, 0
}

// A Redis that does not answer is the worst: one that is not there says so.
func TestJournal_CostsAPushATenthOfItsTimeWhileRedisHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d := journalled(t, listener.Addr().String())
	p := d.newPush(t.Context(), "refs/heads/main", "new")
	var steps []step
	for range 60 {
		steps = append(steps, step{"build", returns(nil)})
	}
	begun := time.Now()
	if err := d.follow(t.Context(), p, steps); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < recordTimeout || took > 60*recordTimeout {
		t.Errorf("60 steps took %v, want one timeout of %v and not 120", took, recordTimeout)
	}
}

func TestJournal_ThatWasLostIsToldOnceWhatRuns(t *testing.T) {
	d := journalled(t, redistest.Address(t))
	d.remind(t.Context())
	if got := d.recorded(t); len(got) != 0 {
		t.Errorf("where nothing runs: got %+v, want nothing", got)
	}
	p := d.newPush(t.Context(), "refs/heads/main", "old")
	p.Digest, p.Aim = "sha256:old", ledger.Restored
	if err := d.ledger.SetCurrent(p); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.remind(t.Context())
	}
	got := d.recorded(t)
	if len(got) != 1 || !got[0].IsEnd() || got[0].What != "restore" || !got[0].At.Equal(p.Time) || got[0].Running == nil || got[0].Running.Digest != "sha256:old" {
		t.Errorf("got %+v, want the end of what brought old", got)
	}
}
