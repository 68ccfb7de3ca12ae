package infrastructure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
)

// fakeDocker is Docker and the spawn script in memory, to force the failures
// that real ones rarely have. A container runs from spawn to remove.
type fakeDocker struct {
	mu       sync.Mutex
	running  map[string]int    // port by container
	removing map[string]bool   // containers that have stopped and are not gone yet
	images   map[string]bool   // that a spawn has built
	version  map[string]string // by container
	address  map[string]string // by container, if it is not the site's
	scripts  map[string]bool   // containers at which a script is at work
	waits    int               // how often it was waited for
	spent    time.Duration     // by the one server, of processors
	first    string            // what the first server was started from; empty: nobody can tell
	hang     bool              // whether spawns never end by themselves
	// answerAll makes every server answer, whether its container runs or not.
	answerAll bool
	away      bool
	events    []string
	faults    []string                        // what a real Docker would have refused
	spawn     func(port int) error            // may fail or block
	remove    func(name string) error         // may look around
	answer    func(server fleet.Server) error // the probe, of what runs

	moods
	listed []engine.Container // by Servers, the last time
	looks  int                // how often Servers was asked
}

func newFakeDocker() *fakeDocker {
	return &fakeDocker{
		running:  make(map[string]int),
		removing: make(map[string]bool),
		images:   make(map[string]bool),
		version:  make(map[string]string),
		address:  make(map[string]string),
		scripts:  make(map[string]bool),
		spawn:    func(int) error { return nil },
		remove:   func(string) error { return nil },
		answer:   func(fleet.Server) error { return nil },
	}
}

// locked runs what looks at the fake or changes it.
func (d *fakeDocker) locked(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

var errAway = errors.New("cannot connect to Docker")

func (d *fakeDocker) Ping(context.Context) (err error) {
	d.locked(func() {
		if d.away {
			err = errAway
		}
	})
	return err
}

func (d *fakeDocker) Wait(ctx context.Context, _ *program.Outage) error {
	d.locked(func() { d.waits++ })
	for d.Ping(ctx) != nil {
		if !program.Sleep(ctx, time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

func (d *fakeDocker) Servers(ctx context.Context) ([]engine.Container, error) {
	if err := d.Ping(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks++
	var all []engine.Container
	for name, port := range d.running {
		all = append(all, engine.Container{Name: name, Port: port, Running: !d.removing[name], Version: d.version[name],
			Address: cmp.Or(d.address[name], site.Host)})
	}
	slices.SortFunc(all, func(a, b engine.Container) int { return cmp.Compare(a.Port, b.Port) })
	if d.lags {
		all, d.listed = d.listed, all
	}
	return all, nil
}

func (d *fakeDocker) FirstServerVersion(ctx context.Context) (first string, err error) {
	if err := d.Ping(ctx); err != nil {
		return "", err
	}
	d.locked(func() { first = d.first })
	return first, nil
}

func (d *fakeDocker) ServerImages(ctx context.Context) (names []string, err error) {
	if err := d.Ping(ctx); err != nil {
		return nil, err
	}
	d.locked(func() { names = slices.Sorted(maps.Keys(d.images)) })
	return names, nil
}

func (d *fakeDocker) setFirst(first string) { d.locked(func() { d.first = first }) }

// Remove is two calls, as in engine: Docker goes on with one when who asked
// for it has left, and does not begin the next.
func (d *fakeDocker) Remove(ctx context.Context, name, image string, _ time.Duration) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	if err := d.remove(name); err != nil {
		return err
	}
	if err := d.removeContainer(ctx, name); err != nil {
		return err
	}
	d.locked(func() {
		delete(d.images, image)
		d.events = append(d.events, "remove "+name)
	})
	return nil
}

// Spawn does what scripts/spawn_docker.sh does.
func (d *fakeDocker) Spawn(ctx context.Context, image string, port int, container, version string) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	release, err := d.lockScript(ctx, container)
	if err != nil {
		return err
	}
	defer release()
	d.locked(func() { d.events = append(d.events, "spawn "+image+" "+container) })
	if err := d.removeContainer(ctx, container); err != nil {
		return err
	}
	if d.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := d.build(ctx, image); err != nil {
		return err
	}
	if err := d.spawn(port); err != nil {
		return err
	}
	d.locked(func() { d.begin(container, port, version) })
	return ctx.Err()
}

// begin starts a container, which must be the only one on its port.
func (d *fakeDocker) begin(container string, port int, version string) {
	if slices.Contains(slices.Collect(maps.Values(d.running)), port) {
		d.faults = append(d.faults, fmt.Sprintf("%s started while port %d was taken", container, port))
	}
	d.running[container], d.version[container] = port, version
	delete(d.address, container)
}

func (d *fakeDocker) run(ports ...int) {
	d.locked(func() {
		for _, port := range ports {
			d.running[site.Server(port).Container()] = port
			d.images[site.Server(port).Image()] = true
		}
	})
}

func (d *fakeDocker) kill(port int) {
	d.locked(func() { delete(d.running, site.Server(port).Container()) })
}

func (d *fakeDocker) setAway(away bool) { d.locked(func() { d.away = away }) }

func (d *fakeDocker) happened(event string) (did bool) {
	d.locked(func() { did = slices.Contains(d.events, event) })
	return did
}

// probe answers for what runs, and for the first server, which is Compose's.
func (d *fakeDocker) probe(_ context.Context, server fleet.Server) error {
	var runs bool
	d.locked(func() {
		_, exists := d.running[server.Container()]
		runs = exists && !d.removing[server.Container()] && d.address[server.Container()] == ""
	})
	if !runs && !d.answerAll && server != site.FirstServer() {
		return errors.New("connection refused")
	}
	return d.answer(server)
}
