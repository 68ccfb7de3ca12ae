package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// moves gives the system another HOST_IP. What runs stays where it is published,
// and so do the lists.
func (w *world) moves() {
	w.Helper()
	w.wrote = w.rotation
	w.config.HostIP = strings.Replace(w.config.HostIP, "127.", "127.9", 1)
	w.colour.site.Host = w.config.HostIP
	w.reopen()
}

// reopen has the lists read with what is now the colour's site.
func (w *world) reopen() {
	w.lists = fleet.Open(fleet.Redis{Address: w.redis.Address}, w.colour.site).As("deploy")
	lists := w.lists
	w.Cleanup(func() { lists.Close() })
	w.rotation, _ = w.lists.Rotation("blue")
}

// foreign is an error if a list still has anything of the old address.
func (w *world) foreign() (err error) {
	for _, list := range []string{"blueServers", "drainBlueServers", "failedBlueServers"} {
		for _, element := range w.redis.Elements(list) {
			if !strings.HasPrefix(element, "http://"+w.config.HostIP+":") {
				err = errors.Join(err, fmt.Errorf("%s has %s, want nothing of the old address", list, element))
			}
		}
	}
	return err
}

// wantMoved fails unless the revision alone serves, where the proxy looks.
func (w *world) wantMoved(when, revision string) {
	w.Helper()
	w.wantServing(when, revision)
	if err := w.foreign(); err != nil {
		w.Errorf("%s: %v", when, err)
	}
}

// afterMoves are what brings an app to another HOST_IP, and in which state.
var afterMoves = []struct {
	name string
	do   command
	harm func(*world)
}{
	{"restore", restore, nothing},
	{"heal", heal, nothing},
	{"lost lists", heal, func(w *world) { w.redis.FlushAll(w.Context()) }},
	{"what an older version listed", heal, func(w *world) {
		wrong := w.colour.site.Server(w.daemon.boxes[0].Port).URL
		w.redis.Push("blueServers", wrong)
		w.redis.Push("failedBlueServers", wrong)
	}},
}

func TestRestore_ReleasesAgainWhatIsPublishedOnAnotherAddress(t *testing.T) {
	for _, test := range afterMoves {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			ran := w.daemon.boxes[0].Release
			w.moves()
			test.harm(w)
			w.hears("==> Switching", func() error {
				if w.daemon.boxes[0].Release != ran {
					t.Errorf("before the switch: got %+v, want the old one still running", w.daemon.boxes)
				}
				return nil
			})
			if err := alive(test.do)(w); err != nil {
				t.Fatalf("got %v\n%s", err, w.out)
			}
			first, _, _ := strings.Cut(w.said(), "\n")
			want := fmt.Sprintf("blue-app runs TWO at http://%s:%d, not where the settings have it now: releasing it again", ran.Address, ran.Port)
			if first != want || w.last().Result != ledger.Restored {
				t.Errorf("got %q and %+v in the history, want %q, and that it is restored", first, w.last(), want)
			}
			w.wantMoved(test.name, w.revisions[1])
			w.out.Reset()
			if err := alive(restore)(w); err != nil || w.said() != "blue-app runs TWO\n" {
				t.Errorf("again: got %v and\n%s, want nothing to do", err, w.said())
			}
		})
	}
}

// Nothing is listed where nothing is published, and what runs goes on.
func TestRestore_LeavesTheOldAddressAsItIsIfTheNewReleaseIsNotHealthy(t *testing.T) {
	w := pushedWorld(t)
	ran := w.daemon.boxes[0]
	w.moves()
	w.colour.health = time.Millisecond
	w.hangs("health")
	before := len(w.past())
	for range 2 {
		if err := alive(heal)(w); err == nil || !strings.HasPrefix(err.Error(), "health: not healthy within 1ms") {
			t.Errorf("got %v, want why", err)
		}
		if len(w.daemon.boxes) != 1 || w.daemon.boxes[0] != ran || len(w.listed()) > 0 || len(w.past()) != before {
			t.Errorf("got %+v, listed %v, %d new in the history, want all as it was", w.daemon.boxes, w.listed(), len(w.past())-before)
		}
	}
	w.meets, w.colour.health = nil, time.Minute
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatalf("a push: got %v\n%s", err, w.out)
	}
	w.wantMoved("a push", w.revisions[2])
}

// A port that another setting may have now is given up like an address.
func TestRestore_ReleasesAgainWhatIsOnAPortThatIsNoLongerTheColours(t *testing.T) {
	for _, first := range []int{50210, 50190} {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			w := pushedWorld(t)
			w.config.Ports, w.colour.site.First = 10, first
			w.reopen()
			if err := alive(restore)(w); err != nil {
				t.Fatalf("got %v\n%s", err, w.out)
			}
			if now := w.daemon.boxes[0].Port; now < first || now >= first+10 {
				t.Errorf("got port %d, want one of the 10 from %d on", now, first)
			}
			w.wantServing("restored", w.revisions[1])
		})
	}
}

// What runs where no request comes is not deployed yet.
func TestPush_OfWhatRunsOnAnotherAddressIsDeployed(t *testing.T) {
	w := pushedWorld(t)
	w.moves()
	if err := w.push(undisturbed(), w.revisions[1]); err != nil || !strings.HasPrefix(lastLine(w.said()), "DEPLOYED blue TWO ") {
		t.Errorf("got %v and\n%s, want it deployed", err, w.said())
	}
	w.wantMoved("pushed", w.revisions[1])
}

// Git has moved main, and nothing can be listed where the candidate is: it can
// only be started again.
func TestSwitch_ToACandidateOnAnotherAddressIsRefused(t *testing.T) {
	finish := func(w *world) error {
		if err := settle(w); err != nil {
			return err
		}
		return ErrRefused // it says so to nobody
	}
	receive := func(w *world) error { return w.receive(undisturbed(), w.revisions[1], w.revisions[2]) }
	for name, do := range map[string]func(*world) error{"its own hook": receive, "the next process": finish} {
		t.Run(name, func(t *testing.T) {
			w := pushedWorld(t)
			if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
				t.Fatal(err)
			}
			was := w.colour.site.Server(w.daemon.boxes[1].Port).URL
			w.moves()
			w.move(mainRef, w.revisions[2])
			err := do(w)
			want := "DEPLOY FAILED blue switch THREE: it is published at " + was + ", and HOST_IP or the colour's ports have changed since" + tryAgain
			w.wantRefused(err, want)
			if err := alive(restore)(w); err != nil {
				t.Fatal(err)
			}
			w.wantMoved("restored", w.revisions[1])
			if err := w.alone(undisturbed(), func(ctx context.Context, d *Deployer) error { return d.Forward(ctx) }); err != nil {
				t.Fatal(err)
			}
			w.wantMoved("forward", w.revisions[2])
		})
	}
}

func TestContainers_AreListedByAddressAndPort(t *testing.T) {
	blue := colour{site: fleet.Site{Host: "192.0.2.2", First: 50200}}
	c := containers{colour: blue, listed: []fleet.Server{blue.site.Server(50200)}, all: []engine.Release{
		{ID: "before", Address: "192.0.2.1", Port: 50200, Running: true}, {ID: "now", Address: "192.0.2.2", Port: 50200, Running: true}}}
	if got, _ := c.current("blue-app"); got.ID != "now" {
		t.Errorf("current: got %q, want the one that is published where the list says", got.ID)
	}
	left := c.leftovers(c.all[1])
	if len(left) != 1 || left[0].ID != "before" {
		t.Errorf("leftovers: got %+v, want the one on the other address", left)
	}
}
