package deploy

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
)

const masterRef = "refs/heads/master"

func TestPush_OfOtherRefsIsStoredAndThePusherIsTold(t *testing.T) {
	w := pushedWorld(t)
	for _, test := range []struct{ ref, to, why string }{
		{"refs/heads/side", w.revisions[2], "only pushes to main and master are"},
		{"refs/tags/main", w.revisions[2], "only pushes to main and master are"},
		{mainRef, repo.NoRevision, "a deletion stops nothing that runs"},
	} {
		w.out.Reset()
		f := undisturbed()
		err := w.alone(f, func(ctx context.Context, d *Deployer) error { return d.Update(ctx, test.ref, w.revisions[1], test.to) })
		if err != nil || len(f.passed) > 0 {
			t.Errorf("%s: got %v after %v, want it stored and nothing asked", test.ref, err, f.passed)
		}
		w.wantSaid(test.ref + " is stored, not deployed: " + test.why + "\n")
	}
}

// Git runs the update hook once for each ref, in an order that the pusher does
// not choose.
func TestPush_OfMainAndMasterDeploysMain(t *testing.T) {
	for _, test := range []struct {
		name string
		refs []string
	}{{"main first", []string{mainRef, masterRef}}, {"master first", []string{masterRef, mainRef}}} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			moves := map[string][2]string{mainRef: {w.revisions[1], w.revisions[2]}, masterRef: {repo.NoRevision, w.revisions[0]}}
			err := w.pushAll(undisturbed(), test.refs, moves)
			if err != nil || strings.Count(w.said(), mainCounts) != 1 {
				t.Errorf("got %v and\n%s, want it said once that main counts", err, w.said())
			}
			w.wantServing("pushed", w.revisions[2])
		})
	}
}

// Main has no candidate then that master could be measured by.
func TestPush_OfMainToWhatRunsAndOfMasterNeverSwitchesToMaster(t *testing.T) {
	for _, refs := range [][]string{{mainRef, masterRef}, {masterRef, mainRef}} {
		t.Run(branch(refs[0])+" first", func(t *testing.T) {
			w := pushedWorld(t)
			if err := w.back(undisturbed(), ""); err != nil {
				t.Fatal(err)
			}
			ran := w.daemon.boxes[0].ID
			w.out.Reset()
			receive := undisturbed()
			err := w.pushAll(receive, refs, map[string][2]string{mainRef: {w.revisions[1], w.revisions[0]}, masterRef: {repo.NoRevision, w.revisions[2]}})
			if err != nil || strings.Count(w.said(), mainCounts) != 1 || receive.passes("Switch") || receive.passes("docker build") {
				t.Errorf("got %v, %v and\n%s, want it said once that main counts, and no switch", err, receive.passed, w.said())
			}
			if w.wantServing("pushed", w.revisions[0]); w.daemon.boxes[0].ID != ran {
				t.Errorf("got %+v, want the container of before", w.daemon.boxes)
			}
		})
	}
}

const mainCounts = "refs/heads/master is stored, not deployed: refs/heads/main is in the same push and counts more\n"

// pushAll is git receive-pack with its hooks for several refs, which move from one
// revision to another in this order.
func (w *world) pushAll(receive *fate, refs []string, moves map[string][2]string) error {
	return w.alone(receive, func(ctx context.Context, git *Deployer) error {
		lines := ""
		for _, ref := range refs {
			old, revision := moves[ref][0], moves[ref][1]
			if err := w.process(undisturbed(), git.git).Update(ctx, ref, old, revision); err != nil {
				return err
			}
			w.move(ref, revision)
			lines += old + " " + revision + " " + ref + "\n"
		}
		return git.PostReceive(ctx, strings.NewReader(lines))
	})
}

// pushMaster pushes the last revision to master, which was not there.
func (w *world) pushMaster() error {
	return w.pushAll(undisturbed(), []string{masterRef}, map[string][2]string{masterRef: {repo.NoRevision, w.revisions[2]}})
}

// The second of two pushes waits for the first. Then git would refuse to move
// the ref, and so it is not built.
func TestPush_ThatLostARaceIsRefusedAndSaysWhatToDo(t *testing.T) {
	for _, test := range []struct {
		name, want string
		winner     int
	}{
		{"to another", "another push has moved refs/heads/main to ONE meanwhile: git pull, then push again", 0},
		{"to an equal one", "another push has just moved refs/heads/main to this revision: nothing is left to push", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			unlock, err := w.ledger().Lock(t.Context(), ledger.Process{}, func() {})
			if err != nil {
				t.Fatal(err)
			}
			w.hears("Waiting for another push to blue to end\n", func() error {
				w.move(mainRef, w.revisions[test.winner])
				unlock()
				return nil
			})
			f := undisturbed()
			w.wantRefused(w.push(f, w.revisions[2]), "DEPLOY FAILED blue lock THREE: "+test.want)
			if f.passes("docker ping") {
				t.Errorf("got %v, want nothing done", f.passed)
			}
		})
	}
}

func TestPush_GoesOnWhenTheOneBeforeItWasRefused(t *testing.T) {
	w := pushedWorld(t)
	unlock, err := w.ledger().Lock(t.Context(), ledger.Process{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	w.hears("Waiting for another push", func() error { unlock(); return nil })
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantServing("pushed", w.revisions[2])
}

// A pusher that presses Ctrl-C ends the push, at whatever step it is.
func TestPush_EndsWithItsPusher(t *testing.T) {
	for _, test := range []struct{ step, reads string }{
		{"build", "==> Building"}, {"health", "==> Waiting until it is healthy"},
	} {
		t.Run(test.step, func(t *testing.T) {
			w := pushedWorld(t)
			w.hears(test.reads, func() error { return io.ErrClosedPipe })
			w.hangs(test.step)
			if err := w.push(undisturbed(), w.revisions[2]); !errors.Is(err, ErrRefused) {
				t.Errorf("got %v, want it refused", err)
			}
			if last := w.last(); last.Result != ledger.Failed || last.Why != test.step+": the pusher went away" {
				t.Errorf("history: got %+v, want that the pusher went away", last)
			}
			w.wantServing("ended", w.revisions[1])
		})
	}
}

func TestPush_EndsWithItsGit(t *testing.T) {
	w := pushedWorld(t)
	git, end := startProcess()
	w.hears("==> Building", func() error { end(); return nil })
	w.hangs("build")
	err := w.process(undisturbed(), git).Update(t.Context(), mainRef, w.revisions[1], w.revisions[2])
	w.wantRefused(err, "DEPLOY FAILED blue build THREE: the pusher went away")
	w.wantServing("ended", w.revisions[1])
}
