package infrastructure

import (
	"context"
	"errors"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// errMoved means that a server was started for another HOST_IP.
var errMoved = errors.New("HOST_IP has changed")

// move spawns servers again that run at another address than this poller's, and
// takes their old URLs, which are garbage here, off failedServers.
func (p *Poller) move(ctx context.Context, found []engine.Container) error {
	for _, container := range found {
		server, err := p.fleet.Parse(p.config.Site.Server(container.Port).URL)
		if err != nil || container.Address == "" || container.Address == p.config.Site.Host || p.jobs.running(server) {
			continue
		}
		old := fleet.Site{Host: container.Address}.Server(container.Port)
		if err := p.forgetFailed(ctx, old); err != nil {
			return err
		}
		reclaimed, err := p.fleet.Reclaim(ctx, server, errMoved)
		if err != nil {
			return err
		}
		if reclaimed {
			p.log.Info("Spawning a server again at another address", "server", server.URL, "was", old.URL)
			p.beginSpawn(ctx, server)
		}
	}
	return nil
}

// freeFirst takes the first server off failedServers, where nobody lists it. It
// can only have come there as garbage of another HOST_IP: with its new URL from
// an infrastructure that still had the old one while Compose started the server,
// or with its old one, when it stepped aside for the new.
func (p *Poller) freeFirst(ctx context.Context, lists fleet.Lists) error {
	for _, first := range lists.FailedFirst() {
		if err := p.forgetFailed(ctx, first); err != nil {
			return err
		}
	}
	return nil
}

// forgetFailed takes a server off failedServers, if it is there.
func (p *Poller) forgetFailed(ctx context.Context, server fleet.Server) error {
	if err := p.fleet.ForgetFailed(ctx, server.URL); !errors.Is(err, fleet.ErrNotFailed) {
		return err
	}
	return nil
}
