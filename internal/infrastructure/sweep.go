package infrastructure

import (
	"context"
)

// sweepEvery is how many level passes there are from one sweep to the next.
const sweepEvery = 30

// sweep removes the images of servers that neither a list nor a container has. A
// server whose container somebody removed is spawned again, unless its list is
// lost before that is noticed: then nothing but the image is left of it.
func (p *Poller) sweep(ctx context.Context) error {
	p.passes++
	if p.passes%sweepEvery != 1 {
		return nil
	}
	names, err := p.docker.ServerImages(ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	// Asked for after the images: work on a server is listed before its image is
	// there.
	lists, err := p.fleet.Lists(ctx)
	if err != nil {
		return err
	}
	found, err := p.docker.Servers(ctx)
	if err != nil {
		return err
	}
	used := make(map[string]bool)
	for _, container := range found {
		used[p.config.Site.Server(container.Port).Image()] = true
	}
	for _, name := range names {
		server, ok := p.config.Site.OfImage(name)
		if !ok || used[name] || lists.Knows(server) {
			continue
		}
		p.jobs.begin(server, p.destroys, func() {
			err := p.docker.Remove(ctx, server.Container(), server.Image(), p.config.StopGrace)
			p.complaints.report("removing the image "+name+", which no server has", err)
			if err == nil {
				p.log.Info("Image removed that no server has", "image", name)
			}
		})
	}
	return nil
}
