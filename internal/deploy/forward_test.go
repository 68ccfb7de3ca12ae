package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/fleet"
)

func forward(ctx context.Context, d *Deployer) error { return d.Forward(ctx) }

func heldStatus(ctx context.Context, d *Deployer) error {
	running, _ := d.ledger.Current()
	d.heldStatus(ctx, running.Revision)
	return nil
}

func TestForward_UndoesARollbackWithoutABuild(t *testing.T) {
	s := newScene(t)
	held := s.revisions[1]
	s.gave(heldStatus)
	if s.out.String() != "" {
		t.Errorf("status: got %q, want nothing while what main holds runs", s.out)
	}
	s.gave(rollback)
	s.saidAll("rollback", "main still holds "+held+": bin/deploy forward blue runs that again\n")
	if steps, err := s.lists.Snapshot(t.Context(), fleet.Depth{}); err != nil || steps.Deploys["blue"][0].Held != held {
		t.Errorf("journal: got %+v, %v, want what main holds", steps.Deploys["blue"], err)
	}
	s.gave(secrets)
	if steps, err := s.lists.Snapshot(t.Context(), fleet.Depth{}); err != nil || steps.Deploys["blue"][0].Held != held {
		t.Errorf("journal after another change: got %+v, %v, want what main holds", steps.Deploys["blue"], err)
	}
	s.gave(heldStatus)
	if want := "  branch     main holds " + held + " 1: bin/deploy forward blue runs that\n"; s.out.String() != want {
		t.Errorf("status: got %q, want %q", s.out, want)
	}
	s.gave(forward)
	s.saidAll("forward", "DEPLOYED blue "+held)
	if strings.Contains(s.out.String(), "Building") || strings.Contains(s.out.String(), "forward blue") {
		t.Errorf("forward: got\n%s\nwant no build, and no advice to go forward", s.out)
	}
	if r := s.last(); r.Result != ledger.Forwarded || r.Revision != held || r.Ref != mainRef {
		t.Errorf("history: got %v, want ROLLED FORWARD to what main holds", r)
	}
	if release, _ := s.serves(); release.Revision != held {
		t.Errorf("got %s, want what main holds, %s", release.Revision, held)
	}
	s.gave(rollback)
	s.gave(func(ctx context.Context, d *Deployer) error { return d.Rollback(ctx, held) })
	if strings.Contains(s.out.String(), "forward blue") {
		t.Errorf("rollback to what main holds: got\n%s\nwant no advice to go forward", s.out)
	}
	s.gave(forward)
	if want := "blue-app already runs what main holds: " + held + "\n"; s.out.String() != want {
		t.Errorf("once more: got %q, want %q", s.out, want)
	}
}

func TestForward_BuildsAgainWhatIsNoLongerKept(t *testing.T) {
	s := newScene(t)
	s.gave(rollback)
	delete(s.daemon.images, "image of "+s.revisions[1])
	delete(s.daemon.registry, digest(s.revisions[1]))
	s.gave(forward)
	s.saidAll("forward", "No image of it is kept: building one\n", "==> Building blue-image\n", "DEPLOYED blue "+s.revisions[1])
	if release, _ := s.serves(); release.Revision != s.revisions[1] {
		t.Errorf("got %s, want what main holds, %s", release.Revision, s.revisions[1])
	}
}

// Git has moved master, so it is what the last push brought, whatever main holds.
func TestForward_RunsAPushOfTheOtherBranchThatFailedAfterThatHadMoved(t *testing.T) {
	w := pushedWorld(t)
	if err := w.update(masterRef, repo.NoRevision, w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	w.move(masterRef, w.revisions[2])
	w.daemon.boxes[1].Running = false
	if err := settle(w); err != nil {
		t.Fatal(err)
	}
	if want := ": master holds it all the same, and bin/deploy forward blue tries it again"; !strings.HasSuffix(lastLine(w.said()), want) {
		t.Errorf("got\n%s, want how to try it again", w.said())
	}
	w.wantRefused(w.push(refusing("docker build"), w.revisions[0]), "DEPLOY FAILED blue build ONE: no luck") // it does not move main
	if err := alive(forward)(w); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantServing("forward", w.revisions[2])
}

// A rollback or a change of the configuration that fails has the branch of the
// release that it was to start, and that branch may still hold it.
func TestForward_GoesByNoOtherFailureThanAPushs(t *testing.T) {
	w := pushedWorld(t)
	if err := w.pushMaster(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what, revision string
		do             command
	}{{"a rollback", "TWO", rollback}, {"a configuration", "THREE", configure}} {
		w.wantRefused(w.alone(refusing("docker run"), test.do), "DEPLOY FAILED blue run "+test.revision+": no luck")
		if ref, revision, err := w.process(undisturbed(), ledger.Process{}).held(t.Context()); err != nil || ref != masterRef || revision != w.revisions[2] {
			t.Errorf("after %s that failed: got %s, %s, %v, want master", test.what, ref, revision, err)
		}
	}
}

// What runs was pushed to the old name.
func TestForward_FollowsABranchThatWasRenamed(t *testing.T) {
	w := pushedWorld(t)
	if err := w.pushAll(undisturbed(), []string{masterRef}, map[string][2]string{masterRef: {repo.NoRevision, w.revisions[1]}}); err != nil {
		t.Fatal(err)
	}
	w.delete(mainRef)
	if current, _ := w.ledger().Current(); current.Ref != masterRef || w.last().Ref != masterRef {
		t.Errorf("got %+v to run and the history %+v, want both of master", current, w.last())
	}
	w.out.Reset()
	if err := errors.Join(w.back(undisturbed(), ""), alive(forward)(w)); err != nil || !strings.Contains(w.said(), "master still holds TWO: bin/deploy forward blue runs that again\n") {
		t.Fatalf("got %v and\n%s, want what master holds", err, w.said())
	}
	w.wantServing("forward", w.revisions[1])
}

// Only a registry that answers says that an image is gone: a build takes minutes,
// and would fail to push.
func TestForward_BuildsNothingWhileTheRegistryIsAway(t *testing.T) {
	w := pushedWorld(t)
	if err := w.back(undisturbed(), ""); err != nil {
		t.Fatal(err)
	}
	delete(w.daemon.images, "image of "+w.revisions[1])
	f := refusing("docker pull")
	w.wantRefused(w.alone(f, forward), "DEPLOY FAILED blue pull TWO: no luck")
	if f.passes("docker build") {
		t.Errorf("got\n%s, want nothing built", w.said())
	}
	w.wantServing("refused", w.revisions[0])
}

// The same push would reach no hook: git has moved the branch.
func TestForward_RunsTheFirstPushThatFailedAfterItsBranchHadMoved(t *testing.T) {
	w := emptyWorld(t)
	revision := w.revisions[0]
	if err := w.update(mainRef, repo.NoRevision, revision); err != nil {
		t.Fatal(err)
	}
	w.move(mainRef, revision)
	w.daemon.boxes[0].Running = false
	if err := settle(w); err != nil {
		t.Fatal(err)
	}
	const tryAgain = ": main holds it all the same, and bin/deploy forward blue tries it again"
	if got := lastLine(w.said()); !strings.HasPrefix(got, "DEPLOY FAILED blue switch ONE: ") || !strings.HasSuffix(got, tryAgain) {
		t.Errorf("got %q, want how to try it again", got)
	}
	const advice = "nothing is deployed yet: bin/deploy forward blue"
	if err := w.back(undisturbed(), ""); err == nil || err.Error() != advice {
		t.Errorf("rollback: got %v, want %q", err, advice)
	}
	seen, err := w.lists.Snapshot(t.Context(), fleet.Depth{})
	if steps := seen.Deploys["blue"]; err != nil || len(steps) == 0 || steps[0].Held != revision || steps[0].Running != nil {
		t.Errorf("journal: got %+v, %v, want that nothing runs and what main holds", steps, err)
	}
	if err := alive(forward)(w); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantServing("forward", revision)
	seen, err = w.lists.Snapshot(t.Context(), fleet.Depth{})
	if steps := seen.Deploys["blue"]; err != nil || steps[0].Held != "" {
		t.Errorf("journal: got %+v, %v, want that what main holds runs", steps, err)
	}
	if ref, held, err := w.process(undisturbed(), ledger.Process{}).held(t.Context()); err != nil || ref != mainRef || held != revision {
		t.Errorf("got %s, %s, %v, want main", ref, held, err)
	}
}

func TestForward_IsRefusedWithWhatToDoAndLeavesWhatRuns(t *testing.T) {
	first := newScene(t)
	for _, test := range []struct {
		name  string
		start func(*scene)
		err   string
		said  string
	}{
		{"before the first push", func(s *scene) {
			_ = errors.Join(os.Remove(filepath.Join(ledger.Dir(s.colour.git), "history")), os.Remove(filepath.Join(s.colour.git, mainRef)))
		}, "nothing is deployed yet: git push blue main", ""},
		{"of a branch that was deleted", func(s *scene) { _ = os.Remove(filepath.Join(s.colour.git, mainRef)) },
			"main was deleted, so there is nothing to go forward to: git push blue main", ""},
		{"to a release that ends", func(s *scene) { s.ends = crashed }, ErrRefused.Error(),
			"DEPLOY FAILED blue health " + first.revisions[1] + ": the container ended with exit code 3\n"},
	} {
		s := first.again()
		s.gave(rollback)
		test.start(s)
		if err := s.changesNothing(test.name, forward, test.said); err == nil || err.Error() != test.err {
			t.Errorf("%s: got %v, want %q", test.name, err, test.err)
		}
	}
}

func TestRollback_SaysThatItKeepsTheConfigurationAndShowsNothingOfIt(t *testing.T) {
	s := newScene(t)
	s.gave(secrets)
	s.gave(rollback)
	s.saidAll("rollback", "It gets the current configuration, which a rollback does not change: 2 variables, 1 file\n")
	release, given := s.serves()
	if release.Revision != s.revisions[0] || !strings.Contains(strings.Join(given.Env, " "), "TOKEN=s3cret") {
		t.Errorf("got %s with %q, want %s with TOKEN", release.Revision, given.Env, s.revisions[0])
	}
	s.ends = crashed
	if err := s.gives(forward); !errors.Is(err, ErrRefused) || s.last().Result != ledger.Failed {
		t.Errorf("forward to a release that ends: got %v and the history %v, want a failure", err, s.last())
	}
}
