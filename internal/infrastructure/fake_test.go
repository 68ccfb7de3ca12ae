package infrastructure

import (
	"context"
	"errors"
	"log/slog"
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
	mu      sync.Mutex
	running map[string]int    // port by container
	spent   time.Duration     // by the one server, of processors
	version map[string]string // by container
	first   string            // what the first server was started from; empty: nobody can tell
	hang    bool              // whether spawns never end by themselves
	// answerAll makes every server answer, whether its container runs or not.
	answerAll bool
	away      bool
	events    []string
	spawn     func(port int) error            // may fail or block
	remove    func(name string) error         // may look around
	answer    func(server fleet.Server) error // the probe, of what runs
}

func newFakeDocker() *fakeDocker {
	return &fakeDocker{
		running: make(map[string]int),
		version: make(map[string]string),
		spawn:   func(int) error { return nil },
		remove:  func(string) error { return nil },
		answer:  func(fleet.Server) error { return nil },
	}
}

var errAway = errors.New("cannot connect to Docker")

func (d *fakeDocker) Ping(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return errAway
	}
	return nil
}

func (d *fakeDocker) Wait(ctx context.Context, _ *slog.Logger) error {
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
	var all []engine.Container
	for name, port := range d.running {
		all = append(all, engine.Container{Name: name, Port: port, Running: true, Version: d.version[name]})
	}
	return all, nil
}

func (d *fakeDocker) FirstServer(ctx context.Context) (string, error) {
	if err := d.Ping(ctx); err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first, nil
}

func (d *fakeDocker) setFirst(first string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = first
}

func (d *fakeDocker) Remove(ctx context.Context, name, _ string, _ time.Duration) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	if err := d.remove(name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, name)
	d.events = append(d.events, "remove "+name)
	return nil
}

func (d *fakeDocker) Spawn(ctx context.Context, image string, port int, container, version string) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	d.events = append(d.events, "spawn "+image+" "+container)
	d.version[container] = version
	d.mu.Unlock()
	if d.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := d.spawn(port); err != nil {
		return err
	}
	d.run(port)
	return ctx.Err()
}

func (d *fakeDocker) run(ports ...int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, port := range ports {
		d.running[site.Server(port).Container()] = port
	}
}

func (d *fakeDocker) kill(port int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, site.Server(port).Container())
}

func (d *fakeDocker) setAway(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func (d *fakeDocker) happened(event string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.events, event)
}

// probe answers for what runs, and for the first server, which is Compose's.
func (d *fakeDocker) probe(_ context.Context, server fleet.Server) error {
	d.mu.Lock()
	_, runs := d.running[server.Container()]
	d.mu.Unlock()
	if !runs && !d.answerAll && server != site.FirstServer() {
		return errors.New("connection refused")
	}
	return d.answer(server)
}
