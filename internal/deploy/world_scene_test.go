package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// scene is a world whose daemon has an estate, in which a person gives commands.
type scene struct {
	*world
	*estate
	listed []fleet.Server // in the world as it was made
}

// newScene returns one in which the first two of three commits were pushed, for a
// test that runs beside others.
func newScene(t *testing.T) *scene {
	t.Helper()
	w := pushedWorld(t)
	listed, _, err := w.rotation.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &scene{w, newEstate(), listed}
}

// again returns the scene as it was at first.
func (s *scene) again() *scene {
	return &scene{s.world.again(s.listed), newEstate(), s.listed}
}

// gives has a process of its own carry out a command.
func (s *scene) gives(do command) error {
	s.out.Reset()
	return s.alone(&fate{at: never}, func(ctx context.Context, d *Deployer) error {
		d.docker = estateDocker{d.docker.(fatedDocker), s.estate}
		return do(ctx, d)
	})
}

// gave is gives for what must succeed.
func (s *scene) gave(do command) {
	s.Helper()
	if err := s.gives(do); err != nil {
		s.Fatalf("got %v\n%s", err, s.out)
	}
}

// pushes is a push with the estate.
func (s *scene) pushes(revision string) error {
	return s.gives(func(ctx context.Context, d *Deployer) error {
		p := d.newPush(ctx, mainRef, revision)
		if err := d.follow(ctx, p, candidateSteps); err != nil {
			return d.fail(ctx, p, err)
		}
		return d.takeOver(ctx, p, ledger.Deployed)
	})
}

// configuration is where the app's is kept.
func (s *scene) configuration() appenv.Store {
	return appenv.Open(s.ledger().Path(ledger.Configurations))
}

// serves returns the release that has the requests and what it was given.
func (s *scene) serves() (engine.Release, engine.Runtime) {
	s.Helper()
	listed, _, err := s.rotation.Read(s.Context())
	if err != nil || len(listed) != 1 || len(s.daemon.boxes) != 1 || s.daemon.boxes[0].Port != listed[0].Port {
		s.Fatalf("got %+v, %v listed, %v, want one container that serves\n%s", s.daemon.boxes, listed, err, s.out)
	}
	release := s.daemon.boxes[0].Release
	return release, s.given[release.ID]
}

// stands describes all that a command may change, except the history.
func (s *scene) stands() string {
	listed, draining, err := s.rotation.Read(s.Context())
	current, failure := s.configuration().Current()
	var names []string
	if now, err := s.configuration().Load(); err == nil {
		names = now.Names()
	}
	return fmt.Sprintf("containers %+v, %v listed, %v draining, volumes %v in Docker and %+v in the ledger, configuration %d of %v, %v",
		s.daemon.boxes, listed, draining, slices.Sorted(maps.Keys(s.volumes)), s.ledger().Volumes(), current, names, errors.Join(err, failure))
}

// saidAll fails unless each of the texts was printed, in this order.
func (s *scene) saidAll(when string, texts ...string) {
	s.Helper()
	rest := s.out.String()
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			s.Errorf("%s: got\n%s\nwant %q in it, after what comes before in %q", when, s.out, text, texts)
			return
		}
		rest = after
	}
}

// changesNothing is gives for a command that fails: it fails the test unless that
// was printed and everything stands as before. It returns the command's error.
func (s *scene) changesNothing(when string, do command, said string) error {
	s.Helper()
	before := s.stands()
	err := s.gives(do)
	s.saidAll(when, said)
	if after := s.stands(); after != before {
		s.Errorf("%s: got\n%s\nwant as before\n%s", when, after, before)
	}
	return err
}

// noSteps is the journal of a Redis that is away.
type noSteps struct{}

func (noSteps) RecordStep(context.Context, string, fleet.Step) error { return errLost }

// offline returns a Deployer of a colour to which nothing was pushed, and what it
// prints. If it asks Docker or waits for Redis, it panics.
func offline(t *testing.T) (*Deployer, *bytes.Buffer) {
	t.Helper()
	config := Config{Fleet: "deux", Dir: t.TempDir(), RegistryPort: 5000, Keep: 2}
	blue, err := config.colour("blue")
	if err == nil {
		err = ledger.At(blue.git).Make()
	}
	if err != nil {
		t.Fatal(err)
	}
	out := new(bytes.Buffer)
	d := newDeployer(config, blue, ledger.At(blue.git), out)
	d.journal = &journal{colour: blue.name, steps: noSteps{}}
	return d, out
}
