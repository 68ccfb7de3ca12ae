package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
)

// back has a process roll back to the release whose revision starts with that.
func (w *world) back(f *fate, revision string) error {
	return w.alone(f, func(ctx context.Context, d *Deployer) error { return d.Rollback(ctx, revision) })
}

func TestRollback_RunsTheReleaseBeforeFromItsImage(t *testing.T) {
	w := pushedWorld(t)
	f := undisturbed()
	if err := w.back(f, ""); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantSaid(`==> Running localhost:5000/blue-registry:ONE at URL
==> Waiting until it is healthy, at most 1m0s
main still holds TWO: bin/deploy forward blue runs that again
==> Switching http://localhost:50101 to URL
==> Stopping the old blue-app, TWO
==> Removing the old blue-app
==> Removing the old blue-image, keeping the last 2
DEPLOYED blue ONE sha256:ONE
`)
	w.wantServing("rolled back", w.revisions[0])
	if w.pushed() != w.revisions[1] || f.passes("docker build") || f.passes("docker pull") || w.last().Result != ledger.RolledBack {
		t.Errorf("main is at %s and the last of the history %+v, want main where it was, and nothing built or pulled", w.pushed(), w.last())
	}
}

func TestRollback_PullsAnImageThatIsOnlyInTheRegistry(t *testing.T) {
	w := pushedWorld(t)
	delete(w.daemon.images, "image of "+w.revisions[0])
	if err := w.back(undisturbed(), ""); err != nil || !strings.Contains(w.said(), "==> Pulling localhost:5000/blue-registry@sha256:ONE\n") {
		t.Fatalf("got %v and\n%s, want it pulled", err, w.out)
	}
	w.wantServing("rolled back", w.revisions[0])
}

// A push of what the branch holds already would reach no hook.
func TestRollback_ToAnImageThatIsGoneSaysHowToBuildIt(t *testing.T) {
	for _, test := range []struct {
		name  string
		start func(*world)
		to    int
		build string
	}{
		{"an earlier one", nothing, 0, "git push --force blue ONE:main"},
		{"what main holds", func(w *world) { _ = w.back(undisturbed(), "") }, 1, "bin/deploy forward blue"},
		{"after another branch was pushed", func(w *world) { _ = w.pushMaster() }, 1, "git push --force blue TWO:master"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			test.start(w)
			runs := w.daemon.boxes[0].Revision
			delete(w.daemon.images, "image of "+w.revisions[test.to])
			clear(w.daemon.registry)
			w.wantRefused(w.back(undisturbed(), w.revisions[test.to]),
				"DEPLOY FAILED blue pull "+number(test.to)+": its image is gone, as after make clean. To build it again: "+test.build)
			w.wantServing("refused", runs)
		})
	}
}

func TestRollback_ThatFailsLeavesWhatRuns(t *testing.T) {
	for step, refused := range map[string]string{"run": "docker run", "lock": "replace push.json"} {
		t.Run(step, func(t *testing.T) {
			w := pushedWorld(t)
			w.wantRefused(w.back(refusing(refused), ""), "DEPLOY FAILED blue "+step+" ONE: no luck")
			w.wantServing("refused", w.revisions[1])
		})
	}
}

func TestRollback_SaysWhenThereIsNothingToGoBackTo(t *testing.T) {
	w := emptyWorld(t)
	for _, test := range []struct {
		push           int // before, or none
		revision, want string
	}{
		{-1, "", "nothing is deployed yet: git push blue main"},
		{0, "", "there is no earlier release to go back to"},
		{0, "beef", "beef is not a kept release; these are: "},
		{1, "beef", "beef is not a kept release; these are: " + w.revisions[0]},
		{1, w.revisions[1], w.revisions[1] + " is not a kept release; these are: " + w.revisions[0]}, // it runs
	} {
		if test.push >= 0 && w.pushed() != w.revisions[test.push] {
			if err := w.push(undisturbed(), w.revisions[test.push]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.back(undisturbed(), test.revision); err == nil || err.Error() != test.want || errors.Is(err, ErrRefused) {
			t.Errorf("after %d pushes, to %q: got %v, want %s", test.push+1, test.revision, err, test.want)
		}
	}
}

// Two rollbacks go back two releases, and not back and forth.
func TestRollback_TwiceGoesBackTwoReleases(t *testing.T) {
	w := pushedWorld(t)
	w.config.Keep = 3
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	for n := 1; n >= 0; n-- {
		if err := w.back(undisturbed(), ""); err != nil {
			t.Fatalf("got %v\n%s", err, w.out)
		}
		w.wantServing("rolled back", w.revisions[n])
	}
}

// What was built again is the same release, whose older image is gone.
func TestRollback_PassesOverAnOlderBuildOfWhatRuns(t *testing.T) {
	w := pushedWorld(t)
	w.config.Keep = 3
	current, _ := w.ledger().Current()
	again := *current
	again.Digest, again.Built = "sha256:again", current.Built.Add(time.Second)
	if err := errors.Join(w.ledger().SetCurrent(&again), w.ledger().Append(again.Record)); err != nil {
		t.Fatal(err)
	}
	if err := w.alone(undisturbed(), func(_ context.Context, d *Deployer) error {
		target, err := d.earlier(t.Context(), "")
		if target.Revision != w.revisions[0] {
			t.Errorf("got %s, %v, want the release before, %s", target.Revision, err, w.revisions[0])
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
