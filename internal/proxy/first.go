package proxy

import (
	"context"
	"slices"

	"deux/internal/fleet"
	"deux/internal/program"
)

// keepFirst lists the first server whenever it answers and no list has it,
// until ctx ends: Compose starts and restarts it without a word to anyone. Adopt
// keeps it from being listed twice. While it is listed, Redis is not asked.
func (p *Proxy) keepFirst(ctx context.Context, lists *fleet.Fleet, rotation *fleet.Rotation) {
	first := lists.FirstServer()
	for ; ctx.Err() == nil; program.Sleep(ctx, p.pauses.first) {
		if p.rotor.hasListed(first) || program.CheckHealth(ctx, first.URL+"/healthz") != nil {
			continue
		}
		adopted, err := listFirst(ctx, lists, rotation)
		if err != nil {
			continue // watchLists logs that Redis is away
		}
		p.rotor.refresh(ctx)
		if adopted {
			p.log.Info("First server listed", "server", first.URL)
		} else {
			program.Sleep(ctx, p.pauses.firstElsewhere)
		}
	}
}

// listFirst lists the first server, which answers, unless a list has it already,
// and reports whether it did.
//
// A server that drains refuses /healthz (webapp.App.Serve). If the first server
// was told to drain and /healthz succeeds, a new process has taken its place,
// which must not wait for what is still in flight to the old one, such as a
// stalled upload.
func listFirst(ctx context.Context, lists *fleet.Fleet, rotation *fleet.Rotation) (adopted bool, err error) {
	first := lists.FirstServer()
	now, err := lists.Lists(ctx)
	if err != nil || slices.ContainsFunc(now.Servers(), func(s fleet.ServerState) bool { return s.Server == first }) {
		return false, err
	}
	if slices.Contains(now.Draining(), first) {
		if err := rotation.Drained(ctx, first); err != nil {
			return false, err
		}
	}
	return lists.Adopt(ctx, first)
}
