package infrastructure

import (
	"context"
	"fmt"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

func (p *Poller) beginSpawn(ctx context.Context, server fleet.Server) {
	p.jobs.begin(server, p.spawns, func() { p.spawn(ctx, server) })
}

// spawn moves a server from spawningServers to servers, or after the last try
// to failedServers. One that is being renewed first lets its last requests end.
// When ctx ends, spawn leaves the server where it is.
func (p *Poller) spawn(ctx context.Context, server fleet.Server) {
	log := p.log.With("server", server.URL)
	if !p.stillWanted(ctx, p.fleet.IsSpawning, server) || p.isFirst(ctx, server) {
		return
	}
	begun := time.Now()
	p.persist(ctx, p.fleet.StartSpawn, server)
	p.drain(ctx, server)
	if !p.stillWanted(ctx, p.fleet.IsSpawning, server) {
		return // the lists were lost, the drain list with them
	}
	err := p.try(ctx, "spawning "+server.URL, func() error { return p.start(ctx, server) })
	switch {
	case ctx.Err() != nil:
	case err != nil:
		log.Error("Spawn given up", "error", err)
		p.cleanUp(ctx, server)
		p.fail(ctx, server, err)
	default:
		took := time.Since(begun).Round(time.Millisecond)
		list := func(ctx context.Context, server fleet.Server) error { return p.fleet.Join(ctx, server, took) }
		if p.persist(ctx, list, server) {
			log.Info("Server listed", "container", server.Container(), "took", took)
		}
	}
}

// start makes the server answer. A container that an earlier poller started is
// kept if it answers and is up to date.
func (p *Poller) start(ctx context.Context, server fleet.Server) error {
	version, err := p.version(ctx)
	if err != nil {
		return err
	}
	found, err := p.docker.Servers(ctx)
	if err != nil {
		return err
	}
	for _, container := range found {
		current := container.Name == server.Container() && container.Running && !outdated(container, version)
		if current && p.waitForAnswer(ctx, server) == nil {
			return nil
		}
	}
	// Docker refuses the script to remove what it is removing already, for an
	// infrastructure that was killed.
	if err := p.docker.AwaitRemoval(ctx, server.Container()); err != nil {
		return err
	}
	if err := p.runScript(ctx, server, version); err != nil {
		return err
	}
	return p.waitForAnswer(ctx, server)
}

// runScript bounds the script: a build that hangs must not keep its slot.
func (p *Poller) runScript(ctx context.Context, server fleet.Server, version string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.config.SpawnTimeout,
		fmt.Errorf("not built and started within %v (SPAWN_TIMEOUT)", p.config.SpawnTimeout))
	defer cancel()
	err := p.spawner.Spawn(ctx, server.Image(), server.Port, server.Container(), version)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// try repeats work with growing pauses until it succeeds, ctx ends, or the last
// try fails, whose error it returns. While Docker is away no try counts.
func (p *Poller) try(ctx context.Context, what string, work func() error) error {
	pause := p.pauses.firstRetry
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := work()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if p.docker.Ping(ctx) != nil {
			attempt--
			_ = p.docker.Wait(ctx, p.complaints.docker)
			continue
		}
		if attempt == p.config.Attempts {
			return err
		}
		p.log.Warn("Trying again", "while", what, "attempt", attempt, "pause", pause, "error", err)
		program.Sleep(ctx, pause)
		pause = min(2*pause, p.pauses.maxRetry)
	}
	return ctx.Err()
}

// cleanUp removes what a failed spawn left behind.
func (p *Poller) cleanUp(ctx context.Context, server fleet.Server) {
	if err := p.docker.Remove(ctx, server.Container(), server.Image(), p.config.StopGrace); err != nil {
		p.log.Warn("Failed spawn left something behind", "server", server.URL, "error", err)
	}
}
