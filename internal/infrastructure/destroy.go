package infrastructure

import (
	"context"
	"time"

	"deux/internal/fleet"
)

func (p *Poller) beginDestroy(ctx context.Context, server fleet.Server) {
	p.jobs.begin(server, p.destroys, func() { p.destroy(ctx, server) })
}

// destroy takes a server of destroyingServers out of rotation, lets its last
// requests end, and removes its container and image.
func (p *Poller) destroy(ctx context.Context, server fleet.Server) {
	log := p.log.With("server", server.URL)
	if !p.stillWanted(ctx, p.fleet.IsDestroying, server) || p.isFirst(ctx, server) {
		return
	}
	begun := time.Now()
	p.persist(ctx, p.fleet.BeginDrain, server)
	p.drain(ctx, server)
	if !p.stillWanted(ctx, p.fleet.IsDestroying, server) {
		return // the lists were lost, and with them whether it has requests
	}
	err := p.try(ctx, "destroying "+server.URL, func() error {
		return p.docker.Remove(ctx, server.Container(), server.Image(), p.config.StopGrace)
	})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		log.Error("Destroy given up", "error", err)
		p.fail(ctx, server, err)
	default:
		took := time.Since(begun).Round(time.Millisecond)
		forget := func(ctx context.Context, server fleet.Server) error { return p.fleet.Forget(ctx, server, took) }
		if p.persist(ctx, forget, server) {
			log.Info("Server gone", "container", server.Container(), "took", took)
		}
	}
}

// fail marks a server that nobody tries any more to spawn or to destroy. It asks
// once: if only the answer was lost, a person may have retried the server since,
// and a second Fail would take that back. If Redis has not taken it, the lists
// still hold the work, and the next level pass starts it over.
func (p *Poller) fail(ctx context.Context, server fleet.Server, cause error) {
	p.complaints.reportRedis("writing the lists", p.fleet.Fail(ctx, server, cause))
}

// isFirst reports whether a job is about the first server, which only Compose
// starts and stops. If so, it drops the wish.
func (p *Poller) isFirst(ctx context.Context, server fleet.Server) bool {
	if server != p.config.Site.FirstServer() {
		return false
	}
	p.log.Warn("The first server is neither spawned nor destroyed: wish dropped", "server", server.URL)
	p.persist(ctx, p.fleet.DropWishes, server)
	return true
}

// drain waits until the proxy has taken the server off drainServers, at most
// for the drain timeout. While Redis is away nobody can tell, so that time does
// not count, and the server gets all of it afterwards.
func (p *Poller) drain(ctx context.Context, server fleet.Server) {
	drained := false
	asked := p.persist(ctx, func(ctx context.Context, server fleet.Server) (err error) {
		drained, err = fleet.WaitDrained(ctx, p.fleet, server, p.config.DrainTimeout)
		return err
	}, server)
	if asked && !drained {
		p.log.Warn("Drain timed out, stopping anyway", "server", server.URL, "waited", p.config.DrainTimeout)
	}
}
