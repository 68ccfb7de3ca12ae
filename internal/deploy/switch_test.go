package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// Git has moved main, so nothing can refuse the push any more. Both releases run
// until somebody finishes it.
func TestSwitch_ThatFailsIsFinishedByRestoreOrTheNextPush(t *testing.T) {
	restored := alive(restore)
	pushedAgain := func(w *world) error { return w.push(undisturbed(), w.revisions[0]) }
	for _, test := range []struct {
		name, refused string
		listed        int // the container that has the requests until then
		finish        func(*world) error
		serves        int
	}{
		{"Docker does not keep it, restore", "docker update", 0, restored, 2},
		{"Docker does not keep it, push", "docker update", 0, pushedAgain, 0},
		{"the disk is full, restore", "replace current.json", 1, restored, 2},
		{"the disk is full, push", "replace current.json", 1, pushedAgain, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			err := w.pushWith(undisturbed(), refusing(test.refused), w.revisions[2])
			w.wantRefused(err, "DEPLOY FAILED blue switch THREE: no luck: bin/deploy restore blue finishes it")
			_, under := w.ledger().UnderWay()
			if len(w.daemon.boxes) != 2 || !under || !slices.Equal(w.listed(), []int{w.daemon.boxes[test.listed].Port}) {
				t.Fatalf("got %+v, listed %v, under way: %v, want both, number %d listed", w.daemon.boxes, w.listed(), under, test.listed)
			}
			if err := test.finish(w); err != nil {
				t.Fatalf("finishing it: got %v\n%s", err, w.out)
			}
			w.wantServing("finished", w.revisions[test.serves])
		})
	}
}

// The candidate may die between the hooks. Then what runs goes on.
func TestSwitch_ToACandidateThatEndedMeanwhileIsRefused(t *testing.T) {
	w := pushedWorld(t)
	if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	w.daemon.boxes[1].Running = false
	err := w.receive(undisturbed(), w.revisions[1], w.revisions[2])
	w.wantRefused(err, "DEPLOY FAILED blue switch THREE: the container ended with exit code 0"+tryAgain)
	w.wantServing("refused", w.revisions[1])
	if err := w.alone(undisturbed(), func(ctx context.Context, d *Deployer) error { return d.Forward(ctx) }); err != nil {
		t.Fatalf("forward: got %v\n%s", err, w.out)
	}
	w.wantServing("forward", w.revisions[2])
}

// tryAgain is what a push adds to why it failed once main has moved.
const tryAgain = ": main holds it all the same, and bin/deploy forward blue tries it again"

// A push of a branch that does not hold it, and a change of the configuration, are
// not what forward would run.
func TestSwitch_ThatForwardWouldNotRepeatDoesNotNameIt(t *testing.T) {
	w := pushedWorld(t)
	for _, test := range []struct {
		name, ref, aim, add string
	}{
		{"a push", mainRef, "", tryAgain}, {"another branch", "refs/heads/master", "", ""}, {"a configuration", mainRef, ledger.Configured, ""},
	} {
		err := w.alone(undisturbed(), func(ctx context.Context, d *Deployer) error {
			p := d.newPush(ctx, test.ref, w.revisions[1])
			p.Aim = test.aim
			return d.orForward(ctx, p, &stepError{"switch", errNoLuck})
		})
		if want := "switch: no luck" + test.add; err == nil || err.Error() != want || !errors.Is(err, errNoLuck) {
			t.Errorf("%s: got %v, want %s", test.name, err, want)
		}
	}
}

// A second server of a colour goes with the first: one release serves.
func TestSwitch_TakesOverFromEveryServerThatIsListed(t *testing.T) {
	w := pushedWorld(t)
	second := w.daemon.boxes[0]
	second.ID, second.Name, second.Port = "second", "blue-app-second", w.colour.site.First+9
	w.daemon.boxes = append(w.daemon.boxes, second)
	w.redis.Push("blueServers", w.colour.site.Server(second.Port).URL)
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantServing("pushed", w.revisions[2])
	if got := strings.Count(w.said(), "==> Stopping the old blue-app, TWO\n"); got != 2 {
		t.Errorf("got\n%s, want two stopped", w.said())
	}
}

// lateRotation is a rotation whose Redis answers from a moment on.
type lateRotation struct {
	rotation
	from time.Time
}

func (r lateRotation) Switch(context.Context, fleet.Server, ...fleet.Server) error {
	if time.Now().Before(r.from) {
		return errors.New("connection refused")
	}
	return nil
}

func (r lateRotation) StillDrains(context.Context, fleet.Server, fleet.Server) (bool, error) {
	return true, r.Switch(context.Background(), fleet.Server{})
}

// bareDocker is a Docker without a container.
type bareDocker struct{ docker }

func (bareDocker) Releases(context.Context, string) ([]engine.Release, error) { return nil, nil }

func TestSwitch_WaitsTenSecondsForARedisThatIsAway(t *testing.T) {
	for _, test := range []struct {
		away, took time.Duration
		switched   bool
	}{{9 * time.Second, 9 * time.Second, true}, {time.Hour, 10 * time.Second, false}} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			d := &Deployer{docker: bareDocker{}, rotation: lateRotation{from: begun.Add(test.away)}}
			err := d.list(t.Context(), "id", 50201)
			if took := time.Since(begun); (err == nil) != test.switched || took != test.took {
				t.Errorf("away for %v: got %v after %v, want it switched: %v, after %v", test.away, err, took, test.switched, test.took)
			}
		})
	}
}
