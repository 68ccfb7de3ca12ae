package deploy

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/health"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// limited has each process from now on give the app these limits.
func (s *scene) limited(limits AppLimits) {
	s.meets = func(d *Deployer) { d.colour.limits = limits }
}

func TestLimits_ThatChangedAreAppliedInAReleaseOfTheSameImage(t *testing.T) {
	s := newScene(t)
	s.gave(secrets)
	before, _ := s.serves()
	s.gave(restore)
	if now, _ := s.serves(); now.ID != before.ID || !strings.HasSuffix(s.out.String(), "blue-app runs "+before.Revision+"\n") {
		t.Errorf("unchanged: got %+v and\n%s\nwant that it is left alone", now, s.out)
	}
	s.limited(AppLimits{Memory: 64 << 20, CPUShares: 100, Pids: 20, LogSize: 1 << 20, Capabilities: "none,NET_RAW"})
	s.gave(restore)
	s.saidAll("restore", "blue-app runs "+before.Revision+" with outdated limits or volumes: releasing it again\n", "==> Configuring blue-app: +limits\n")
	now, given := s.serves()
	want := engine.Limits{Memory: 64 << 20, CPUShares: 100, Pids: 20, LogSize: 1 << 20, OOMScore: 500, Capabilities: []string{"NET_RAW"}}
	if now.ID == before.ID || now.Digest != before.Digest || given.Limits.String() != want.String() {
		t.Errorf("got %+v with %v, want another container of the same image with %v", now, given.Limits, want)
	}
	if now.Generation != before.Generation || !slices.Contains(given.Env, "TOKEN=s3cret") {
		t.Errorf("got the configuration %d, %q, want the current one, %d", now.Generation, given.Env, before.Generation)
	}
}

func TestLimits_ThatTheAppDoesNotSurviveLeaveItAsItIs(t *testing.T) {
	s := newScene(t)
	s.gave(secrets)
	before := s.stands()
	s.limited(AppLimits{Memory: 6 << 20})
	s.ends = &engine.State{ExitCode: health.Killed, Memory: true}
	if err := s.gives(restore); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	s.saidAll("restore", "DEPLOY FAILED blue health", "the app was killed for using more than BLUE_APP_MEMORY=6m: raise that in .env, then make up, or have it use less\n")
	if after := s.stands(); after != before {
		t.Errorf("got\n%s\nwant as before\n%s", after, before)
	}
	if r := s.last(); r.Result != ledger.Failed || strings.Join(r.Changes, " ") != "+limits" {
		t.Errorf("history: got %v, want FAILED +limits", r)
	}
}

func TestRuntime_IsTheColourTheRevisionThePortAndTheConfiguration(t *testing.T) {
	for _, test := range []struct {
		name  string
		image engine.ImageConfig
		start command
		env   string
		init  bool
	}{
		{"an image that says nothing", engine.ImageConfig{}, nil, "PORT=8080", true},
		{"an image with a port", engine.ImageConfig{Ports: []int{3000}}, nil, "PORT=3000", true},
		{"a port that a person set", engine.ImageConfig{Ports: []int{3000}}, set(map[string]string{"PORT": "4000"}, nil), "PORT=4000", true},
		{"an image with an init", engine.ImageConfig{Command: []string{"/sbin/tini", "--", "/app"}}, nil, "PORT=8080", false},
		{"variables", engine.ImageConfig{}, set(map[string]string{"B": "2", "A": "1"}, nil), "A=1 B=2 PORT=8080", true},
	} {
		d, out := offline(t)
		if test.start != nil && test.start(t.Context(), d) != nil {
			t.Fatalf("%s: %s", test.name, out)
		}
		e := newEstate()
		e.image = test.image
		d.docker = estateDocker{estate: e}
		p := &ledger.Deployment{Record: ledger.Record{Revision: "4995c8f", Digest: "sha256:1"}}
		got, err := d.runtime(t.Context(), p)
		if env, want := strings.Join(got.Env, " "), test.env+" COLOUR=blue REVISION=4995c8f"; err != nil || env != want || got.Init != test.init {
			t.Errorf("%s: got %q, Docker's init: %v, %v, want %q, %v", test.name, env, got.Init, err, want, test.init)
		}
	}
}

func TestRuntime_HasTheFilesOfItsOwnConfigurationReadOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	d, _ := offline(t)
	d.env, d.docker = appenv.Open("env"), estateDocker{estate: newEstate()} // relative, as DEPLOY_DIR may be
	err := set(nil, map[string]string{"key.pem": "current"})(t.Context(), d)
	now, failure := d.env.Current()
	candidate, wrong := d.env.Write(appenv.Configuration{Variables: map[string]string{}, Files: map[string][]byte{"key.pem": []byte("candidate")}})
	if err := errors.Join(err, failure, wrong); err != nil || candidate == now {
		t.Fatalf("got %v, and the configurations %d and %d", err, now, candidate)
	}
	for _, test := range []struct {
		aim  string
		want int
	}{{"", now}, {ledger.RolledBack, now}, {ledger.Configured, candidate}} {
		p := &ledger.Deployment{Record: ledger.Record{Aim: test.aim}, Generation: candidate}
		got, err := d.runtime(t.Context(), p)
		source, _ := filepath.Abs(d.env.File(test.want, "key.pem"))
		if want := engine.ReadOnlyFile(source, "/run/secrets/key.pem"); err != nil || len(got.Mounts) != 1 || got.Mounts[0] != want || p.Generation != test.want {
			t.Errorf("%q: got %+v of generation %d, %v, want %+v of %d", test.aim, got.Mounts, p.Generation, err, want, test.want)
		}
	}
}
