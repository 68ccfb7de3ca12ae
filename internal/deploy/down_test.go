package deploy

import (
	"context"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
)

func downClean(ctx context.Context, d *Deployer) error { return d.Down(ctx, true) }

// wantDown fails unless no container of the colour runs and no proxy sends
// requests to one.
func (w *world) wantDown(when string) {
	w.Helper()
	if len(w.daemon.boxes)+len(w.listed()) > 0 || !w.ledger().IsDown() {
		w.Errorf("%s: got %+v, listed %v, down: %v, want nothing, and it down\n%s", when, w.daemon.boxes, w.listed(), w.ledger().IsDown(), w.out)
	}
}

func TestDown_LastsUntilAPersonRestoresIt(t *testing.T) {
	w := pushedWorld(t)
	if err := alive(down)(w); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantSaid("==> Removing blue-app\n")
	w.wantDown("down")
	w.out.Reset()
	if err := alive(heal)(w); err != nil || w.said() != "blue is down\n" {
		t.Errorf("healed: got %v and\n%s, want it left down", err, w.said())
	}
	w.wantDown("healed")
	f := undisturbed()
	if err := w.alone(f, restore); err != nil || f.passes("docker build") || f.passes("docker pull") {
		t.Errorf("restored: got %v\n%s, want it started from the image that is here", err, w.out)
	}
	w.wantServing("restored", w.revisions[1])
	if w.last().Result != ledger.Restored {
		t.Errorf("history: got %+v, want it restored", w.last())
	}
}

func TestDown_EndsWithAPushToo(t *testing.T) {
	w := pushedWorld(t)
	if err := alive(down)(w); err != nil {
		t.Fatal(err)
	}
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantServing("pushed", w.revisions[2])
}

func TestDown_CleanRemovesTheImagesAndRestoreBuildsAgain(t *testing.T) {
	w := pushedWorld(t)
	w.daemon.images["image of a person"] = []string{"person/app:1"}
	if err := alive(downClean)(w); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantDown("down")
	if _, left := w.daemon.images["image of a person"]; len(w.daemon.images) != 1 || !left {
		t.Errorf("got images %v, want the person's alone", w.daemon.images)
	}
	if len(w.daemon.registry) > 0 {
		t.Errorf("got %v in the registry, want nothing", w.daemon.registry)
	}
	if err := alive(restore)(w); err != nil || !strings.Contains(w.said(), "\nNo image of it is kept: building one\n") {
		t.Errorf("restored: got %v and\n%s, want it built again", err, w.said())
	}
	w.wantServing("restored", w.revisions[1])
}

// make clean has to go on where the registry is away.
func TestDown_CleanSaysWhatARegistryThatIsAwayKeeps(t *testing.T) {
	w := pushedWorld(t)
	if err := w.alone(refusing("unregister"), downClean); err != nil || len(w.daemon.images) > 0 || len(w.daemon.registry) == 0 {
		t.Errorf("got %v, images %v and in the registry %v, want none and all", err, w.daemon.images, w.daemon.registry)
	}
	if want := "\nwarning: no luck: the registry keeps its images of blue\n"; !strings.Contains(w.said(), want) {
		t.Errorf("got\n%s, want %q in it", w.said(), want)
	}
}

// make down has to work on a system that is broken.
func TestDown_WorksWithoutRedis(t *testing.T) {
	w := pushedWorld(t)
	if err := w.alone(refusing("Read", "Forget"), down); err != nil || !strings.HasPrefix(w.said(), "warning: no luck\n") {
		t.Errorf("got %v and\n%s, want a warning", err, w.said())
	}
	if err := alive(heal)(w); err != nil {
		t.Error(err)
	}
	w.wantDown("healed once Redis is back")
}

func TestDown_ThatFailsIsStillMeant(t *testing.T) {
	for _, refused := range []string{"docker ps", "docker stop", "docker rm", "docker network rm"} {
		t.Run(refused, func(t *testing.T) {
			w := pushedWorld(t)
			if err := w.alone(refusing(refused), down); err != errNoLuck {
				t.Errorf("got %v, want what failed", err)
			}
			if err := alive(heal)(w); err != nil || !w.ledger().IsDown() || len(w.listed()) > 0 {
				t.Errorf("healed: got %v, listed %v, want it left down", err, w.listed())
			}
			if err := alive(down)(w); err != nil {
				t.Errorf("again: got %v", err)
			}
			w.wantDown("again")
		})
	}
}

func TestRestore_LeavesWhatRunsAndSaysWhatDoesNot(t *testing.T) {
	w := pushedWorld(t)
	ran := w.daemon.boxes[0]
	if err := alive(restore)(w); err != nil || len(w.daemon.boxes) != 1 || w.daemon.boxes[0] != ran {
		t.Errorf("got %v, %+v, want the container of before", err, w.daemon.boxes)
	}
	w.wantSaid("blue-app runs TWO\n")
	w.forgetPushes()
	w.out.Reset()
	if err := alive(restore)(w); err != nil {
		t.Errorf("where nothing was pushed: got %v, want nil, for make up", err)
	}
	w.wantSaid("blue: nothing is deployed yet: git push blue main\n")
}

// The poller tries again every few seconds: a release that cannot run must not
// fill the history, nor Docker.
func TestHeal_ThatFailsLeavesNoTrace(t *testing.T) {
	w := pushedWorld(t)
	w.loseContainers()
	w.colour.health = time.Millisecond
	w.hangs("health")
	before := len(w.past())
	for range 2 {
		err := alive(heal)(w)
		if err == nil || !strings.HasPrefix(err.Error(), "health: not healthy within 1ms") {
			t.Errorf("got %v, want why", err)
		}
		if _, under := w.ledger().UnderWay(); under || len(w.daemon.boxes) > 0 || len(w.past()) != before {
			t.Errorf("got %+v, under way: %v, %d new in the history, want nothing", w.daemon.boxes, under, len(w.past())-before)
		}
	}
	w.meets, w.colour.health = nil, time.Minute
	if err := alive(heal)(w); err != nil {
		t.Errorf("once it can run: got %v\n%s", err, w.out)
	}
	w.wantServing("healed", w.revisions[1])
}

// What heal prints last is in the log of infrastructure, which anybody may read.
func TestHeal_ThatFailsPrintsNothingOfTheApp(t *testing.T) {
	s := newScene(t)
	s.loseContainers()
	s.ends = crashed
	if err := s.gives(heal); err == nil || err.Error() != "health: the container ended with exit code 3" || strings.Contains(s.out.String(), "what it said") {
		t.Errorf("a container that ends: got %v and\n%s, want why, and nothing that it said", err, s.out)
	}
	clear(s.daemon.images)
	clear(s.daemon.registry)
	s.with(func(d *Deployer) { d.docker = buildingDocker{d.docker, "canary\n"} })
	if err := s.alone(undisturbed(), heal); err == nil || err.Error() != "build: exit status 1" {
		t.Errorf("a build that fails: got %v, want how it ended alone", err)
	}
}

func TestHeal_TakesWhatNobodyPushedOffTheList(t *testing.T) {
	w := emptyWorld(t)
	w.redis.Push("blueServers", w.colour.site.Server(w.colour.site.First).URL)
	if err := alive(heal)(w); err != nil || len(w.listed()) > 0 {
		t.Errorf("got %v, listed %v, want none", err, w.listed())
	}
}
