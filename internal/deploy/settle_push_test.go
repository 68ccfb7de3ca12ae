package deploy

import (
	"strings"
	"testing"

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
			err := w.alone(refusing(refused), settleOnce)
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
