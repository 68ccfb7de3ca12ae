package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/ledger"
)

// leastPoints is how many ways to fail the matrix has at least: fewer would mean
// that steps are no longer seen.
const leastPoints = 800

// A killing is what a process does that dies.
type killing struct {
	name  string
	start func(*world)                    // makes the world that it happens in
	act   func(*world, *fate) error       // what dies
	heal  func(*world) error              // what is done afterwards; nothing else is
	may   func(w *world) (serve []string) // the revisions of which one must serve then
}

var killings = []killing{
	{name: "push", start: (*world).declareVolume, act: (*world).pushLast, heal: settle, may: onlyPushed},
	{name: "post-receive while it is down", start: (*world).takeDown, act: (*world).receiveLast, heal: settle, may: onlyPushed},
	{name: "rollback", start: nothing, act: alone(rollback), heal: settle, may: anyBefore},
	{name: "rollback on a slow Docker", start: (*world).slowDown, act: alone(rollback), heal: settleInTime, may: anyBefore},
	{name: "restore", start: (*world).loseContainers, act: alone(restore), heal: alive(restore), may: onlyPushed},
	{name: "restore after HOST_IP was changed", start: (*world).moves, act: alone(restore), heal: settleAndHeal, may: onlyPushed},
	{name: "env", start: nothing, act: alone(configure), heal: settle, may: onlyPushed},
	{name: "down", start: nothing, act: alone(down), heal: downAgain, may: onlyPushed},
}

// What makes the world.

func nothing(*world)             {}
func (w *world) takeDown()       { _ = alive(down)(w) }
func (w *world) loseContainers() { w.daemon.boxes = nil }

// declareVolume has the images of pushes declare a VOLUME from now on.
func (w *world) declareVolume() { w.daemon.paths = []string{"/data"} }

// slowDown has Docker list what was, and keep the name of what is removed, for a
// moment.
func (w *world) slowDown() {
	w.daemon.keepsNames, w.daemon.lags, w.daemon.before = true, true, w.daemon.boxes
}

// What dies.

type command func(context.Context, *Deployer) error

func alone(do command) func(*world, *fate) error {
	return func(w *world, f *fate) error { return w.alone(f, do) }
}

func (w *world) pushLast(f *fate) error { return w.push(f, w.revisions[2]) }

// receiveLast is the part of it that nothing can refuse any more.
func (w *world) receiveLast(f *fate) error {
	return w.pushWith(&fate{at: never}, f, w.revisions[2])
}

func rollback(ctx context.Context, d *Deployer) error { return d.Rollback(ctx, "") }
func restore(ctx context.Context, d *Deployer) error  { return d.Restore(ctx) }
func down(ctx context.Context, d *Deployer) error     { return d.Down(ctx, false) }

func configure(ctx context.Context, d *Deployer) error {
	return d.Configure(ctx, appenv.Change{Set: appenv.Configuration{Variables: map[string]string{"NAME": "value"}}})
}

// What heals.

// alive is a command that nothing happens to.
func alive(do command) func(*world) error {
	return func(w *world) error { return w.alone(&fate{at: never}, do) }
}

// settle is what the watcher does that the dead process left.
func settle(w *world) error { return alive(settleOnce)(w) }

func settleOnce(ctx context.Context, d *Deployer) error {
	leave, err := d.enter(ctx)
	if err == nil {
		leave()
	}
	return err
}

// settleInTime is for a Docker that refuses what it does a moment later.
func settleInTime(w *world) (err error) {
	for range 3 {
		if err = settle(w); err == nil {
			break
		}
	}
	return err
}

// settleAndHeal is what the watcher of the dead process does, and then
// infrastructure.
func settleAndHeal(w *world) error { return errors.Join(settle(w), alive(heal)(w), w.foreign()) }

// downAgain has a person try once more, after all that happens by itself.
func downAgain(w *world) error {
	err := errors.Join(settle(w), alive(heal)(w))
	if listed, _, failure := w.rotation.Read(w.Context()); ledger.At(w.colour.git).IsDown() && len(listed) > 0 {
		err = errors.Join(err, failure, fmt.Errorf("down, and healed: got %v listed, want nothing", listed))
	}
	err = errors.Join(err, alive(down)(w))
	if listed, draining, failure := w.rotation.Read(w.Context()); len(w.daemon.boxes)+len(listed)+len(draining) > 0 {
		err = errors.Join(err, failure, fmt.Errorf("down: got %v, listed %v, draining %v, want nothing", w.daemon.boxes, listed, draining))
	}
	return errors.Join(err, alive(restore)(w))
}

// What may serve then.

func onlyPushed(w *world) []string { return []string{w.pushed()} }
func anyBefore(w *world) []string  { return w.revisions[:2] }

// A process may die, or lose an answer, at every point of everything that it
// does: one release has the requests afterwards, whole, and the ledger says so.
func TestKillMatrix_OneReleaseServesWhereverAProcessDies(t *testing.T) {
	begun := time.Now()
	var total atomic.Int32
	t.Run("of", func(t *testing.T) {
		for _, k := range killings {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				total.Add(int32(k.everywhere(newWorld(t))))
			})
		}
	})
	t.Logf("%d ways to fail in %v", total.Load(), time.Since(begun).Round(time.Millisecond))
	if total.Load() < leastPoints && !t.Failed() {
		t.Errorf("got %d ways to fail, want at least %d", total.Load(), leastPoints)
	}
}

// everywhere has it happen at every point that there is, and returns how many
// ways to fail that were.
func (k killing) everywhere(w *world) (ways int) {
	k.start(w)
	listed, _, err := cmp.Or(w.wrote, w.rotation).Read(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	first := &fate{at: never}
	if undisturbed := w.again(listed); k.act(undisturbed, first) != nil {
		w.Fatalf("undisturbed, it fails:\n%s", undisturbed.out)
	}
	for at, p := range first.passed {
		for _, turn := range p.turns() {
			ways++
			dead := w.again(listed)
			k.die(dead, &fate{at: at, turn: turn}, fmt.Sprintf("%s that %s %d, %s", k.name, turns[turn], at, p.what))
			if strings.Contains(p.what, "blue-www") {
				dead.checksOut(fmt.Sprintf("after %s that %s %s", k.name, turns[turn], p.what))
			}
		}
	}
	w.Logf("%d points", len(first.passed))
	return ways
}

func (k killing) die(w *world, f *fate, what string) {
	w.Helper()
	past, _ := ledger.At(w.colour.git).History()
	ran := slices.Clone(w.daemon.boxes)
	_ = k.act(w, f)
	if left, under := w.ledger().UnderWay(); under && !slices.Contains(w.watched, left.Git) {
		w.Errorf("%s: %+v is under way, and nobody was left to settle it", what, left.Git)
	}
	if err := k.heal(w); err != nil {
		w.Errorf("%s: healing it: %v\n%s", what, err, w.out)
		return
	}
	if problems := append(w.problems(k.may(w), past), w.unkept(ran)...); len(problems) > 0 {
		w.Errorf("%s:\n  %s\n%s", what, strings.Join(problems, "\n  "), w.out)
	}
}

// problems are what is not as it should be where one of the revisions serves.
func (w *world) problems(may []string, before []ledger.Record) (all []string) {
	want := func(right bool, format string, values ...any) {
		if !right {
			all = append(all, fmt.Sprintf(format, values...))
		}
	}
	listed, draining, err := w.rotation.Read(w.Context())
	want(err == nil && len(listed) == 1 && len(draining) == 0, "got %v listed, %v draining, %v, want one", listed, draining, err)
	want(len(w.daemon.boxes) == 1, "got containers %+v, want one", w.daemon.boxes)
	if len(all) > 0 {
		return all
	}
	serves := w.daemon.boxes[0]
	want(serves.Running && serves.kept && serves.Name == w.colour.app && serves.Port == listed[0].Port && serves.Address == w.config.HostIP,
		"got %+v to serve at %v, want it running there, kept and called %s", serves, listed, w.colour.app)
	want(slices.Contains(may, serves.Revision) && serves.Digest == digest(serves.Revision), "%s serves, want one of %v", serves.Revision, may)
	has := slices.Sorted(maps.Keys(w.daemon.volumes))
	want(slices.Equal(has, strings.Fields(serves.volumes)), "got the volumes %q, want those of what serves, %q", has, serves.volumes)
	return append(all, w.untruths(serves, before)...)
}

// untruths are what the ledger says that is not so.
func (w *world) untruths(serves box, before []ledger.Record) (all []string) {
	want := func(right bool, format string, values ...any) {
		if !right {
			all = append(all, fmt.Sprintf(format, values...))
		}
	}
	written := ledger.At(w.colour.git)
	if p, under := written.UnderWay(); under {
		all = append(all, fmt.Sprintf("%+v is under way", p))
	}
	want(!written.IsDown(), "it is said to be down")
	current, _ := written.Current()
	want(current.Revision == serves.Revision && current.Digest == serves.Digest && current.Container == serves.ID,
		"%s in %s is said to be current, want %s in %s", current.Revision, current.Container, serves.Revision, serves.ID)
	today, err := appenv.Open(written.Path(ledger.Configurations)).Current()
	want(err == nil && today == serves.Generation, "the configuration is %d, want the container's, %d, %v", today, serves.Generation, err)
	past, err := written.History()
	last := ledger.Releases(past, 1)
	want(err == nil && len(last) == 1 && last[0].Digest == serves.Digest, "the history says that %+v was released last, %v", last, err)
	seen := make(map[string]bool)
	for _, r := range past[min(len(before), len(past)):] {
		key := r.Time.String() + r.Revision + r.Result
		want(!seen[key], "the history has %s twice", r)
		seen[key] = true
	}
	return all
}
