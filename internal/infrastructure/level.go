package infrastructure

import (
	"context"
	"errors"
	"sync"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// maxStrikes is how many probes in a row a server may miss: one that is listed,
// while its container runs, and one that no list knows.
const maxStrikes = 3

// levelLoop compares at once, then at every interval, until ctx ends.
func (p *Poller) levelLoop(ctx context.Context) {
	ticker := time.NewTicker(p.config.LevelInterval)
	defer ticker.Stop()
	for {
		p.complaints.report("comparing lists and containers", p.level(ctx))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// level mends what no wish announces: work that an earlier poller left,
// garbage in the lists, servers that died, servers that no list knows, servers
// of earlier code or settings. Every pass asks Docker and probes, because nothing
// tells of a container that died; the lists it takes from a view, which reads
// them only after a change.
func (p *Poller) level(ctx context.Context) error {
	lists, err := p.view.Lists(ctx)
	if err != nil {
		return err
	}
	if err := p.setAside(ctx, lists.Invalid()); err != nil {
		return err
	}
	if err := p.freeFirst(ctx, lists); err != nil {
		return err
	}
	p.resume(ctx, lists)
	// The lists are read before the containers: a server that is listed now
	// and has no container later has lost it.
	found, err := p.docker.Servers(ctx)
	if err != nil {
		return err
	}
	if err := p.move(ctx, found); err != nil {
		return err
	}
	alive := make(map[fleet.Server]bool)
	for _, container := range found {
		alive[p.config.Site.Server(container.Port)] = container.Running
	}
	if err := p.checkListed(ctx, lists, alive); err != nil {
		return err
	}
	if err := p.adopt(ctx, lists, alive); err != nil {
		return err
	}
	if err := p.renew(ctx, lists, found); err != nil {
		return err
	}
	return p.sweep(ctx, lists, found)
}

// setAside moves garbage to failedServers, where a person can look at it.
func (p *Poller) setAside(ctx context.Context, garbage []fleet.Misplaced) error {
	for _, bad := range garbage {
		p.log.Warn("Element set aside in failedServers", "list", bad.List(), "element", bad.Element, "error", bad)
		if err := p.fleet.SetAside(ctx, bad); err != nil {
			return err
		}
	}
	return nil
}

// resume begins the work that the lists hold and nobody does.
func (p *Poller) resume(ctx context.Context, lists fleet.Lists) {
	for _, server := range lists.Spawning() {
		p.beginSpawn(ctx, server)
	}
	for _, server := range lists.Destroying() {
		p.beginDestroy(ctx, server)
	}
}

// checkListed takes out of rotation what does not answer any more: at once if
// its container has ended, else after maxStrikes.
func (p *Poller) checkListed(ctx context.Context, lists fleet.Lists, alive map[fleet.Server]bool) error {
	listed := lists.Listed()
	failures := p.probeAll(ctx, listed)
	for i, server := range listed {
		if p.jobs.running(server) {
			continue
		}
		if failures[i] == nil {
			delete(p.strikes, server)
			continue
		}
		p.strikes[server]++
		first := server == p.config.Site.FirstServer()
		if p.strikes[server] < maxStrikes && (first || alive[server]) {
			continue
		}
		if err := p.retire(ctx, server, failures[i]); err != nil {
			return err
		}
	}
	return nil
}

// retire takes a dead server out of rotation, and unless it is the first,
// which belongs to Compose, spawns it again.
func (p *Poller) retire(ctx context.Context, server fleet.Server, cause error) error {
	if server == p.config.Site.FirstServer() {
		p.log.Warn("The first server does not answer, unlisted until it does", "server", server.URL, "error", cause)
		return p.fleet.Leave(ctx, server, cause)
	}
	moved, err := p.fleet.Respawn(ctx, server, cause)
	if err == nil && moved {
		delete(p.strikes, server)
		p.log.Warn("Server died, spawning it again", "server", server.URL, "error", cause)
		p.beginSpawn(ctx, server)
	}
	return err
}

// probeAll probes all servers at once and returns the error of each.
func (p *Poller) probeAll(ctx context.Context, servers []fleet.Server) []error {
	failures := make([]error, len(servers))
	var probes sync.WaitGroup
	for i, server := range servers {
		probes.Go(func() { failures[i] = p.probe(ctx, server) })
	}
	probes.Wait()
	return failures
}

// errEnded means that a server's container does not run.
var errEnded = errors.New("its container has ended")

// adopt brings what no list knows back into one: the first server after it was
// away, and servers whose lists were lost.
func (p *Poller) adopt(ctx context.Context, lists fleet.Lists, alive map[fleet.Server]bool) error {
	alive[p.config.Site.FirstServer()] = true
	for server, running := range alive {
		if _, err := p.config.Site.Parse(server.URL); err != nil {
			continue // of a time when FIRST_PORT was lower
		}
		if lists.Knows(server) || p.jobs.running(server) {
			continue
		}
		cause := errEnded
		if running {
			cause = p.probe(ctx, server)
		}
		if err := p.bringBack(ctx, server, cause); err != nil {
			return err
		}
	}
	return nil
}

// bringBack lists a server that answers. One that does not for maxStrikes times
// is spawned again, unless it is the first: its container would stay for ever.
func (p *Poller) bringBack(ctx context.Context, server fleet.Server, cause error) error {
	if cause == nil {
		adopted, err := p.fleet.Adopt(ctx, server)
		if adopted {
			delete(p.strikes, server)
			p.log.Info("Server adopted", "server", server.URL)
		}
		return err
	}
	if p.strikes[server]++; p.strikes[server] < maxStrikes || server == p.config.Site.FirstServer() {
		return nil
	}
	reclaimed, err := p.fleet.Reclaim(ctx, server, cause)
	if reclaimed {
		delete(p.strikes, server)
		p.log.Warn("Server that no list knows does not answer, spawning it again", "server", server.URL, "error", cause)
		p.beginSpawn(ctx, server)
	}
	return err
}

var _ containers = (*engine.Engine)(nil)
