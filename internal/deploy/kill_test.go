package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
)

// leastPoints is how many ways to fail the matrix has at least: fewer would mean
// that steps are no longer seen.
const leastPoints = 60

// A killing is what a process does that dies.
type killing struct {
	name  string
	start func(*world)                    // makes the world that it happens in
	act   func(*world, *fate) error       // what dies
	heal  func(*world) error              // what is done afterwards; nothing else is
	may   func(w *world) (serve []string) // the revisions of which one must serve then
}

var killings = []killing{
	{
		name:  "push",
		start: func(*world) {},
		act:   func(w *world, f *fate) error { return w.push(f, w.revisions[2]) },
		heal:  (*world).settle,
		may:   func(w *world) []string { return []string{w.pushed()} },
	},
	{
		name:  "rollback",
		start: func(*world) {},
		act:   func(w *world, f *fate) error { return w.alone(f, rollback) },
		heal:  (*world).settle,
		may:   func(w *world) []string { return w.revisions[:2] },
	},
	{
		name:  "restore",
		start: func(w *world) { w.daemon.boxes = nil },
		act:   func(w *world, f *fate) error { return w.alone(f, restore) },
		heal:  func(w *world) error { return w.alone(&fate{at: never}, restore) },
		may:   func(w *world) []string { return w.revisions[1:2] },
	},
	{
		name:  "down",
		start: func(*world) {},
		act:   func(w *world, f *fate) error { return w.alone(f, down) },
		heal: func(w *world) error {
			err := errors.Join(w.alone(&fate{at: never}, (&healer{w}).heal), w.alone(&fate{at: never}, down))
			listed, draining, failure := w.rotation.Read(w.Context())
			if len(w.daemon.boxes)+len(listed)+len(draining) > 0 {
				w.Errorf("down: got %v, listed %v, draining %v, want nothing", w.daemon.boxes, listed, draining)
			}
			return errors.Join(err, failure, w.alone(&fate{at: never}, restore))
		},
		may: func(w *world) []string { return w.revisions[1:2] },
	},
}

func rollback(ctx context.Context, d *Deployer) error { return d.Rollback(ctx, "") }
func restore(ctx context.Context, d *Deployer) error  { return d.Restore(ctx) }
func down(ctx context.Context, d *Deployer) error     { return d.Down(ctx, false) }

// healer is what infrastructure runs on its own.
type healer struct{ *world }

func (h *healer) heal(ctx context.Context, d *Deployer) error {
	err := d.Heal(ctx)
	listed, _, failure := h.rotation.Read(ctx)
	if d.ledger.IsDown() && len(listed) > 0 {
		h.Errorf("down, and healed: got %v listed, want nothing", listed)
	}
	return errors.Join(err, failure)
}

// settle is the watcher that the dead process left.
func (w *world) settle() error {
	return w.alone(&fate{at: never}, func(ctx context.Context, d *Deployer) error {
		leave, err := d.enter(ctx)
		if err == nil {
			leave()
		}
		return err
	})
}

// A process may die, or lose an answer, at every point of everything that it
// does: one release has the requests afterwards, whole, and the ledger says so.
func TestKillMatrix_OneReleaseServesWhereverAProcessDies(t *testing.T) {
	begun, total := time.Now(), 0
	for _, k := range killings {
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t)
			listed, _, err := w.rotation.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			k.start(w)
			first := &fate{at: never}
			if undisturbed := w.again(listed); k.act(undisturbed, first) != nil {
				t.Fatalf("undisturbed, it fails:\n%s", undisturbed.out)
			}
			for at, p := range first.passed {
				for _, turn := range p.turns() {
					total++
					k.die(w.again(listed), &fate{at: at, turn: turn}, fmt.Sprintf("%s that %s %d, %s", k.name, turns[turn], at, p.what))
				}
			}
			t.Logf("%s: %d points", k.name, len(first.passed))
		})
	}
	t.Logf("%d ways to fail in %v", total, time.Since(begun).Round(time.Millisecond))
	if total < leastPoints && !t.Failed() {
		t.Errorf("got %d ways to fail, want at least %d", total, leastPoints)
	}
}

func (k killing) die(w *world, f *fate, what string) {
	w.Helper()
	past, _ := ledger.At(w.colour.git).History()
	_ = k.act(w, f)
	if err := k.heal(w); err != nil {
		w.Errorf("%s: healing it: %v\n%s", what, err, w.out)
		return
	}
	if problems := w.problems(k.may(w), past); len(problems) > 0 {
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
	want(serves.Running && serves.kept && serves.Name == w.colour.app && serves.Port == listed[0].Port,
		"got %+v to serve at %v, want it running, kept and called %s", serves, listed, w.colour.app)
	want(slices.Contains(may, serves.Revision) && serves.Digest == digest(serves.Revision), "%s serves, want one of %v", serves.Revision, may)
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
