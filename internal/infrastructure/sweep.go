package infrastructure

import (
	"context"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// sweepEvery is how many level passes there are from one sweep to the next.
const sweepEvery = 30

// sweep removes the images of servers that neither a list nor a container has. A
// server whose container somebody removed is spawned again, unless its list is
// lost before that is noticed: then nothing but the image is left of it.
func (p *Poller) sweep(ctx context.Context, lists fleet.Lists, found []engine.Container) error {
	p.passes++
	if p.passes%sweepEvery != 1 {
		return nil
	}
	left, err := p.leftImages(ctx, lists, found)
	if err != nil || len(left) == 0 {
		return err
	}
	// Looked at again after the images: work on a server is listed before its image
	// is there.
	if lists, err = p.fleet.Lists(ctx); err != nil {
		return err
	}
	if found, err = p.docker.Servers(ctx); err != nil {
		return err
	}
	for _, server := range left {
		if !has(lists, found, server) {
			p.jobs.begin(server, p.destroys, func() { p.removeImage(ctx, server) })
		}
	}
	return nil
}

// leftImages returns the servers that have an image and that the lists and the
// containers do not have.
func (p *Poller) leftImages(ctx context.Context, lists fleet.Lists, found []engine.Container) (left []fleet.Server, err error) {
	names, err := p.docker.ServerImages(ctx)
	for _, name := range names {
		if server, ok := p.config.Site.OfImage(name); ok && !has(lists, found, server) {
			left = append(left, server)
		}
	}
	return left, err
}

// has reports whether a list or a container has the server.
func has(lists fleet.Lists, found []engine.Container, server fleet.Server) bool {
	for _, container := range found {
		if container.Port == server.Port {
			return true
		}
	}
	return lists.Knows(server)
}

func (p *Poller) removeImage(ctx context.Context, server fleet.Server) {
	err := p.docker.Remove(ctx, server.Container(), server.Image(), p.config.StopGrace)
	p.complaints.report("removing the image "+server.Image()+", which no server has", err)
	if err == nil {
		p.log.Info("Image removed that no server has", "image", server.Image())
	}
}
