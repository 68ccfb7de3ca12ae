package deploy

import (
	"context"
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
)

// stored are Docker's names of the volumes that there are.
func (w *world) stored() (names []string) {
	for name := range w.daemon.volumes {
		names = append(names, name)
	}
	return names
}

// What a killed candidate wrote is nobody's data, and what the next image has
// there would not get into a volume that is not empty.
func TestSettle_RemovesTheVolumesOfAPushThatWasNeverReleased(t *testing.T) {
	w := pushedWorld(t)
	w.declareVolume()
	if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil || !slices.Equal(w.stored(), []string{"deux_blue_data"}) {
		t.Fatalf("got %v, %q, want the candidate's volume", err, w.stored())
	}
	err := w.alone(refusing("docker volume rm"), func(ctx context.Context, d *Deployer) error { return settleOnce(ctx, d) })
	if err != nil || !strings.HasSuffix(w.said(), "\nwarning: no luck\n") {
		t.Errorf("a volume that stays: got %v and\n%s, want a warning", err, w.said())
	}
	w.wantNoPush(t)
	w.daemon.volumes = map[string]string{}
	if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	if err := settle(w); err != nil || len(w.stored()) > 0 || len(w.ledger().Volumes()) > 0 {
		t.Errorf("got %v, the volumes %q and %+v in the ledger, want none", err, w.stored(), w.ledger().Volumes())
	}
	w.wantServing("settled", w.revisions[1])
}

// wantNoPush fails if a push is under way.
func (w *world) wantNoPush(t *testing.T) {
	t.Helper()
	if p, under := w.ledger().UnderWay(); under {
		t.Errorf("got %+v under way, want it written off", p)
	}
}

func TestSettle_LeavesTheVolumesOfAReleaseThatHadRequests(t *testing.T) {
	for name, died := range map[string]func(*ledger.Deployment){
		"a push":     func(p *ledger.Deployment) { p.Ready = true },
		"a rollback": func(p *ledger.Deployment) { p.Aim, p.Ready = ledger.RolledBack, false },
	} {
		t.Run(name, func(t *testing.T) {
			w := pushedWorld(t)
			w.declareVolume()
			if err := w.push(undisturbed(), w.revisions[2]); err != nil {
				t.Fatalf("got %v\n%s", err, w.out)
			}
			p, _ := w.ledger().Current()
			p.Step, p.Git = "stop", ledger.Process{}
			died(p)
			if err := w.ledger().Save(p); err != nil {
				t.Fatal(err)
			}
			w.loseContainers()
			if err := settle(w); err != nil || !slices.Equal(w.stored(), []string{"deux_blue_data"}) {
				t.Errorf("got %v and the volumes %q, want its data still there", err, w.stored())
			}
			w.wantNoPush(t)
		})
	}
}
