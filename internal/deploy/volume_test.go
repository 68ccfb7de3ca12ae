package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

func addVolume(text string) command {
	return func(ctx context.Context, d *Deployer) error { return d.AddVolume(ctx, text) }
}

func removeVolume(name string, confirmed bool) command {
	return func(ctx context.Context, d *Deployer) error { return d.RemoveVolume(ctx, name, confirmed) }
}

func listVolumes(ctx context.Context, d *Deployer) error { return d.ListVolumes(ctx) }

// crashed is a container that ended at once.
var crashed = &engine.State{ExitCode: 3}

func TestVolume_IsAddedToTheRunningAppInAReleaseOfTheSameImage(t *testing.T) {
	s := newScene(t)
	before, _ := s.serves()
	s.gave(addVolume("data:/srv/data"))
	s.saidAll("volume add", "==> Configuring blue-app: +volume:data\n",
		"==> Keeping /srv/data in the volume deux_blue_data (new; every later release gets it too)\n", "DEPLOYED blue "+s.revisions[1])
	now, given := s.serves()
	if now.ID == before.ID || now.Digest != before.Digest || !strings.HasSuffix(given.String(), "volumes=deux_blue_data:/srv/data") {
		t.Errorf("got %+v with %v, want another container of the same image with the volume", now, given)
	}
	if r := s.last(); r.Result != ledger.Configured || strings.Join(r.Changes, " ") != "+volume:data" {
		t.Errorf("history: got %v, want CONFIGURED +volume:data", r)
	}
	if err := s.pushes(s.revisions[2]); err != nil {
		t.Fatalf("the next push: %v\n%s", err, s.out)
	}
	s.saidAll("the next push", "==> Keeping /srv/data in the volume deux_blue_data (as the release before left it)\n")
	s.gave(func(ctx context.Context, d *Deployer) error { return d.Down(ctx, true) })
	s.saidAll("down --clean", "The data of blue in the volume deux_blue_data stays: bin/deploy volume blue rm data --yes removes it\n")
	if _, stays := s.volumes["deux_blue_data"]; !stays {
		t.Errorf("after down --clean: got the volumes %v, want the data there", s.volumes)
	}
}

func TestVolume_WaitsForTheNextReleaseWhileNothingRuns(t *testing.T) {
	s := newScene(t)
	s.gave(down)
	s.gave(addVolume("data:/srv/data"))
	s.saidAll("volume add", "Nothing of blue runs: the next release starts with the change\n")
	if len(s.daemon.boxes) > 0 {
		t.Errorf("got %+v started, want that it stays down", s.daemon.boxes)
	}
	s.ends = crashed
	if err := s.pushes(s.revisions[2]); !errors.Is(err, ErrRefused) || len(s.volumes) > 0 || len(s.ledger().Volumes()) != 1 {
		t.Errorf("a push that fails: got %v and %s, want that the volume is still to be made", err, s.stands())
	}
	s.ends = nil
	s.gave(restore)
	if _, given := s.serves(); !strings.HasSuffix(given.String(), "volumes=deux_blue_data:/srv/data") {
		t.Errorf("restored with %v, want the volume", given)
	}
	s.gave(removeVolume("data", true))
	s.saidAll("volume rm", "==> Configuring blue-app: -volume:data\n", "The volume deux_blue_data is removed\n")
	if _, given := s.serves(); !strings.HasSuffix(given.String(), "volumes=") || len(s.volumes)+len(s.ledger().Volumes()) > 0 {
		t.Errorf("after rm: got %v, and %s, want no volume anywhere", given, s.stands())
	}
}

// A refused change of volumes changes nothing and says what to do instead.
func TestVolume_IsLeftAsItIsByAChangeThatFails(t *testing.T) {
	first := newScene(t)
	add := addVolume("more:/srv/more")
	for _, test := range []struct {
		name  string
		start func(*scene)
		do    command
		err   string
		said  string
	}{
		{"a name of capitals", nil, addVolume("Data:/x"), `"Data": a volume's name is lower-case letters`, ""},
		{"a path that has a volume", nil, addVolume("other:/srv/data"), "/srv/data is already the volume data", ""},
		{"a name that has a path", nil, addVolume("data:/srv/other"), "the volume data is already at /srv/data: choose another name", ""},
		{"rm without --yes", nil, removeVolume("data", false), "everything that blue wrote to /srv/data is lost with the volume data, " +
			"and there is no copy: bin/deploy volume blue rm data --yes removes it", ""},
		{"rm of nothing", nil, removeVolume("dada", true), `blue has no volume "dada": bin/deploy volume blue ls lists them`, ""},
		{"rm of one in use", func(s *scene) { s.strangers["deux_blue_data"] = "backup" }, removeVolume("data", true),
			"the container backup uses the volume data: stop and remove it first", ""},
		{"an app that ends with it", func(s *scene) { s.ends = crashed }, add, ErrRefused.Error(),
			"Taking the change back: blue-app keeps its configuration\nLast 50 lines of its log:\nwhat it said\nDEPLOY FAILED blue health"},
		{"an app that ends without it", func(s *scene) { s.ends = crashed }, removeVolume("data", true), ErrRefused.Error(),
			"the container ended with exit code 3"},
		{"a Docker that makes none", func(s *scene) { s.failing["EnsureVolume"] = errors.New("disk full") }, addVolume("a:/a"), ErrRefused.Error(),
			"DEPLOY FAILED blue run"},
		{"a Docker that lists none", func(s *scene) { s.failing["Volumes"] = errors.New("no answer") }, removeVolume("dada", true), "no answer", ""},
	} {
		s := first.again()
		s.gave(addVolume("data:/srv/data"))
		if test.start != nil {
			test.start(s)
		}
		if err := s.changesNothing(test.name, test.do, test.said); err == nil || !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.err)
		}
	}
}

func TestVolume_CanBeRemovedAgainAfterDockerRefused(t *testing.T) {
	s := newScene(t)
	s.gave(addVolume("data:/srv/data"))
	s.failing["RemoveVolume"] = errors.New("device busy")
	if err := s.gives(removeVolume("data", true)); err == nil || err.Error() != "device busy" {
		t.Errorf("got %v, want Docker's reason", err)
	}
	s.gave(listVolumes)
	s.saidAll("volume ls", "data ", "/srv/data ", "deux_blue_data ", "used by nothing\n")
	delete(s.failing, "RemoveVolume")
	s.gave(removeVolume("data", true))
	if _, given := s.serves(); !strings.HasSuffix(given.String(), "volumes=") || len(s.volumes)+len(s.ledger().Volumes()) > 0 {
		t.Errorf("got %v, and %s, want no volume anywhere", given, s.stands())
	}
}

func TestVolume_OfAnImageIsReplacedByAnEmptyOneWhenItIsRemoved(t *testing.T) {
	s := newScene(t)
	s.paths = []string{"/data"}
	if err := s.pushes(s.revisions[2]); err != nil {
		t.Fatalf("%v\n%s", err, s.out)
	}
	s.saidAll("the first push with VOLUME /data", "==> Keeping /data in the volume deux_blue_data (new; every later release gets it too)\n")
	s.gave(removeVolume("data", true))
	s.saidAll("volume rm", "==> Keeping /data in the volume deux_blue_data-2 (new;", "The volume deux_blue_data is removed\n")
	want := "deux_blue_data-2:/data"
	if _, given := s.serves(); !strings.HasSuffix(given.String(), "volumes="+want) || len(s.volumes) != 1 {
		t.Errorf("got %v, and %s, want %s alone", given, s.stands(), want)
	}
}

func TestVolume_OfAnImageGoesWithThePushThatFailedUnlessItWasThere(t *testing.T) {
	first := newScene(t)
	for _, test := range []struct {
		name, said, ledger string
		volumes            map[string]string
		failing            error
		left               int
	}{
		{name: "new"},
		{name: "left by a repository that was deleted", volumes: map[string]string{"deux_blue_old": "/data"}, ledger: "old", left: 1},
		{name: "of another colour", volumes: map[string]string{"deux_green_data": "/data"}, left: 1},
		{name: "not let go by Docker", failing: errors.New("device busy"), said: "warning: device busy\n", ledger: "data", left: 1},
	} {
		s := first.again()
		s.paths, s.ends = []string{"/data"}, crashed
		if test.volumes != nil {
			s.volumes = test.volumes
		}
		s.failing["RemoveVolume"] = test.failing
		if err := s.pushes(s.revisions[2]); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %v, want that the push is refused", test.name, err)
		}
		s.saidAll(test.name, test.said, "DEPLOY FAILED blue health")
		var names []string
		for _, v := range s.ledger().Volumes() {
			names = append(names, v.Name)
		}
		if strings.Join(names, " ") != test.ledger || len(s.volumes) != test.left {
			t.Errorf("%s: got %s, want %d volumes in Docker and %q in the ledger", test.name, s.stands(), test.left, test.ledger)
		}
	}
}

func TestVolumes_AreListedWithWhatUsesThem(t *testing.T) {
	s := newScene(t)
	s.gave(listVolumes)
	if want := "blue has no volumes: a VOLUME in its Dockerfile makes one, or bin/deploy volume blue add NAME:/path\n"; s.out.String() != want {
		t.Errorf("without one: got %q, want %q", s.out, want)
	}
	s.gave(addVolume("data:/srv/data"))
	s.volumes["deux_blue_old"], s.volumes["deux_green_data"] = "/old", "/data"
	s.strangers["deux_blue_data"] = "backup"
	s.gave(listVolumes)
	want := "data             /srv/data                deux_blue_data               used by blue-app, backup\n" +
		"old              /old                     deux_blue_old                used by nothing\n"
	if s.out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", s.out, want)
	}
	s.gave(removeVolume("old", true))
	if _, left := s.volumes["deux_blue_old"]; left || len(s.ledger().Volumes()) != 1 {
		t.Errorf("after rm of one that only Docker knows: got %s, want it gone and data kept", s.stands())
	}
}
