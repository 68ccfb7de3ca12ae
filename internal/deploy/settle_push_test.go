package deploy

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/ledger"
)

func TestSettle_RemovesACandidateWhoseRefNeverMoved(t *testing.T) {
	w := pushedWorld(t)
	if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	candidate := w.daemon.boxes[1].Name
	w.out.Reset()
	if err := settle(w); err != nil {
		t.Fatal(err)
	}
	w.wantSaid("Removing " + candidate + ", which an interrupted push left\n")
	w.wantServing("settled", w.revisions[1])
	if last := w.last(); last.Result != ledger.Failed || last.Why != "health: interrupted" || last.Revision != w.revisions[2] {
		t.Errorf("history: got %+v, want how far it got", last)
	}
}

func TestSettle_FinishesAPushWhoseRefHasMoved(t *testing.T) {
	w := pushedWorld(t)
	if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	w.move(mainRef, w.revisions[2])
	w.out.Reset()
	if err := settle(w); err != nil {
		t.Fatal(err)
	}
	if said := w.said(); !strings.HasPrefix(said, "Finishing the push of THREE, which was interrupted\n") || lastLine(said) != "DEPLOYED blue THREE sha256:THREE" {
		t.Errorf("got\n%s, want it finished", said)
	}
	w.wantServing("settled", w.revisions[2])
}

// A change of the configuration has no ref that moves: if it is interrupted
// before the switch, it is taken back.
func TestSettle_TakesAChangeOfTheConfigurationBack(t *testing.T) {
	w := pushedWorld(t)
	err := w.alone(refusing("docker update"), configure)
	w.wantRefused(err, "DEPLOY FAILED blue switch TWO: no luck: bin/deploy restore blue takes the change back")
	ran := w.daemon.boxes[0]
	if err := settle(w); err != nil || len(w.daemon.boxes) != 1 || w.daemon.boxes[0] != ran {
		t.Errorf("got %v, %+v, want the container of before", err, w.daemon.boxes)
	}
	w.wantServing("settled", w.revisions[1])
}

// Docker may refuse more than once. The candidate waits until somebody finishes
// the switch, as the pusher was told.
func TestSettle_KeepsACandidateWhoseSwitchFailsAgain(t *testing.T) {
	w := pushedWorld(t)
	const finishes = "DEPLOY FAILED blue switch THREE: no luck: bin/deploy restore blue finishes it"
	w.wantRefused(w.pushWith(undisturbed(), refusing("docker update"), w.revisions[2]), finishes)
	w.out.Reset()
	if err := w.alone(refusing("docker update"), settleOnce); err != nil || lastLine(w.said()) != finishes || len(w.daemon.boxes) != 2 {
		t.Fatalf("refused again: got %v, %+v and\n%s, want the candidate kept", err, w.daemon.boxes, w.said())
	}
	if err := alive(restore)(w); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantServing("restored", w.revisions[2])
}

func TestSettle_ListsWhatRunsAfterTheListsWereLost(t *testing.T) {
	w := pushedWorld(t)
	w.redis.FlushAll(t.Context())
	if err := settle(w); err != nil {
		t.Fatal(err)
	}
	w.wantServing("settled", w.revisions[1])
}

// What settle cannot do now it tries again the next time, and what runs goes on.
func TestSettle_ThatFailsIsDoneAgain(t *testing.T) {
	for _, refused := range []string{"docker ps", "Read", "docker rm", "Forget", "docker rename"} {
		t.Run(refused, func(t *testing.T) {
			w := pushedWorld(t)
			if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
				t.Fatal(err)
			}
			w.daemon.boxes[0].Name = "blue-app-50200" // a push was interrupted before it had its name
			err := w.alone(refusing(refused), func(ctx context.Context, d *Deployer) error { return d.SettleLater(ctx) })
			if err == nil || !strings.HasSuffix(err.Error(), errNoLuck.Error()) || !w.daemon.boxes[0].Running {
				t.Errorf("got %v, %+v, want what failed, and the release running", err, w.daemon.boxes)
			}
			if err := settle(w); err != nil {
				t.Errorf("again: got %v", err)
			}
			w.wantServing("again", w.revisions[1])
		})
	}
}

// The watcher of a push must not touch what another process works on.
func TestSettleLater_LeavesWhatLives(t *testing.T) {
	w := pushedWorld(t)
	first, endFirst := startProcess()
	second, endSecond := startProcess()
	defer endSecond()
	d := w.process(undisturbed(), first)
	save := func(git ledger.Process) {
		if err := w.ledger().Save(&ledger.Deployment{Record: ledger.Record{Revision: w.revisions[2]}, Git: git}); err != nil {
			t.Error(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		save(first)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := d.SettleLater(ctx); err != nil || ctx.Err() == nil {
			t.Errorf("while its git lives: got %v, want it to wait until it is told to end", err)
		}
		time.AfterFunc(10*time.Second, func() { save(second) })
		begun := time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.SettleLater(ctx); err != nil || time.Since(begun) < 10*time.Second || ctx.Err() != nil {
			t.Errorf("after another push took over: got %v after %v, want nothing to do", err, time.Since(begun))
		}
	})
	endFirst()
	if _, under := w.ledger().UnderWay(); !under || len(d.docker.(fatedDocker).fate.passed) > 0 {
		t.Errorf("got under way: %v, after %v, want nothing touched", under, d.docker.(fatedDocker).fate.passed)
	}
}

func TestSettleLater_SettlesWhatItsGitLeft(t *testing.T) {
	w := pushedWorld(t)
	git, end := startProcess()
	if err := w.process(undisturbed(), git).Update(t.Context(), mainRef, w.revisions[1], w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	end()
	if err := alive(watch)(w); err != nil {
		t.Fatal(err)
	}
	w.wantServing("settled", w.revisions[1])
	w.out.Reset()
	if err := alive(watch)(w); err != nil || w.said() != "" {
		t.Errorf("where nothing is under way: got %v and %q, want nothing", err, w.said())
	}
}
