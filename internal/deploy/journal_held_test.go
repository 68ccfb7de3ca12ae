package deploy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/repo"
	"deux/internal/fleet"
)

// told returns the journal, newest first.
func (w *world) told() []fleet.Step {
	w.Helper()
	seen, err := w.lists.Snapshot(w.Context(), fleet.Depth{})
	if err != nil {
		w.Fatal(err)
	}
	return seen.Deploys["blue"]
}

// wantEnd fails unless the newest entry of the journal is an end that says that
// the revision runs and what the branch holds instead, each "" for nothing.
func (w *world) wantEnd(when, runs, held string) fleet.Step {
	w.Helper()
	steps := w.told()
	if len(steps) == 0 {
		w.Fatalf("%s: got an empty journal", when)
	}
	end, got := steps[0], ""
	if end.Running != nil {
		got = end.Running.Revision
	}
	if !end.IsEnd() || got != runs || end.Held != held {
		w.Errorf("%s: got %+v, %q running, want the end of a push, %q running and %q held", when, end, got, runs, held)
	}
	return end
}

// The journal keeps the last steps alone, and infrastructure tries again and again.
func TestJournal_SaysWhatRunsHoweverOftenARepairFails(t *testing.T) {
	w := pushedWorld(t)
	w.loseContainers()
	for range 20 {
		if err := w.alone(refusing("docker run"), heal); err == nil {
			t.Fatal("got it healed, want it to fail")
		}
	}
	if end := w.wantEnd("healed in vain", w.revisions[1], ""); end.State != fleet.StepFailed || end.What != "restore" || end.Why != "run: no luck" {
		t.Errorf("got %+v, want why the restore failed", end)
	}
	if len(w.past()) != 2 {
		t.Errorf("history: got %v, want the two pushes", w.past())
	}
}

func TestJournal_SaysWhatRunsHoweverOftenASwitchFails(t *testing.T) {
	w := pushedWorld(t)
	_ = w.pushWith(undisturbed(), refusing("docker update"), w.revisions[2])
	for range 20 {
		_ = w.alone(refusing("docker update"), settleOnce)
	}
	if end := w.wantEnd("postponed", w.revisions[1], w.revisions[2]); end.State != fleet.StepFailed || end.Why != "switch: no luck" {
		t.Errorf("got %+v, want why the switch failed", end)
	}
	if err := settle(w); err != nil {
		t.Fatal(err)
	}
	w.wantServing("finished", w.revisions[2])
	w.wantEnd("finished", w.revisions[2], "")
}

func TestJournal_ThatHasNoEndIsToldWhatRuns(t *testing.T) {
	w := pushedWorld(t)
	begun := fleet.Step{At: time.Now(), Push: time.Now(), What: "restore", Step: "run", State: fleet.StepFailed}
	if err := w.lists.RecordStep(t.Context(), "blue", begun); err != nil {
		t.Fatal(err)
	}
	if err := alive(heal)(w); err != nil {
		t.Fatal(err)
	}
	w.wantEnd("healed", w.revisions[1], "")
}

// A push that moved nothing that runs may change what the branch holds.
func TestJournal_HoldsNothingAfterTheBranchWasDeleted(t *testing.T) {
	w := pushedWorld(t)
	if err := w.back(undisturbed(), ""); err != nil {
		t.Fatal(err)
	}
	w.wantEnd("rolled back", w.revisions[0], w.revisions[1])
	w.delete(mainRef)
	if err := w.alone(undisturbed(), func(ctx context.Context, d *Deployer) error {
		return d.PostReceive(ctx, strings.NewReader(w.revisions[1]+" "+repo.NoRevision+" "+mainRef+"\n"))
	}); err != nil {
		t.Fatal(err)
	}
	if end := w.wantEnd("deleted", w.revisions[0], ""); end.What != "rollback" {
		t.Errorf("got %+v, want the end of the rollback", end)
	}
}

// As one of an earlier version, which knew nothing of branches.
func TestJournal_WhoseEndIsOutdatedIsToldWhatTheBranchHolds(t *testing.T) {
	w := pushedWorld(t)
	if err := w.back(undisturbed(), ""); err != nil {
		t.Fatal(err)
	}
	_ = w.push(refusing("docker build"), w.revisions[2])
	outdated := w.wantEnd("refused", w.revisions[0], w.revisions[1])
	outdated.Held = ""
	if err := w.lists.RecordStep(t.Context(), "blue", outdated); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := alive(restore)(w); err != nil {
			t.Fatal(err)
		}
	}
	if end := w.wantEnd("restored", w.revisions[0], w.revisions[1]); end.Revision != w.revisions[2] || end.Why != "build: no luck" {
		t.Errorf("got %+v, want why the push failed", end)
	}
	if ends := slices.DeleteFunc(w.told(), func(step fleet.Step) bool { return !step.IsEnd() || step.Revision != w.revisions[2] }); len(ends) != 3 {
		t.Errorf("got %+v, want it told once", ends)
	}
}

func TestJournal_ThatWasLostIsToldWhatTheBranchHoldsBeforeAnythingRan(t *testing.T) {
	w := emptyWorld(t)
	w.wantRefused(w.receive(refusing("docker build"), repo.NoRevision, w.revisions[0]), "DEPLOY FAILED blue build ONE: no luck"+tryAgain)
	w.redis.FlushAll(t.Context())
	for range 2 {
		if err := alive(restore)(w); err != nil {
			t.Fatal(err)
		}
	}
	if end := w.wantEnd("restored", "", w.revisions[0]); len(w.told()) != 1 || end.State != fleet.StepFailed || end.What != "push" || end.Why != "" {
		t.Errorf("got %+v, want the push that failed, once, and nothing of what it may have printed", w.told())
	}
}
