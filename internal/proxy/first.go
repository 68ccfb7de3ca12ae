package proxy

import (
	"context"
	"log/slog"
	"slices"

	"deux/internal/fleet"
	"deux/internal/program"
)

// keepFirst lists the first server whenever it answers and no list has it,
// until ctx ends: Compose starts it, and starts it anew, and tells nobody. What
// keeps it from being listed twice is Adopt.
func keepFirst(ctx context.Context, lists *fleet.Fleet, rotation *fleet.Rotation, log *slog.Logger) {
	for ; ctx.Err() == nil; program.Sleep(ctx, refreshInterval) {
		adopted, err := listFirst(ctx, lists, rotation)
		if err == nil && adopted { // watch says that Redis is away
			log.Info("First server listed", "server", lists.FirstServer().URL)
		}
	}
}

// listFirst tells whether it has listed the first server.
//
// One that drains refuses /healthz (webapp.App.Serve). If it was told to drain
// and then says that it is well, another process has taken its place, and what
// is still in flight to it, such as an upload that has stalled, is not to keep
// that one waiting.
func listFirst(ctx context.Context, lists *fleet.Fleet, rotation *fleet.Rotation) (adopted bool, err error) {
	first := lists.FirstServer()
	now, err := lists.Lists(ctx)
	if err != nil || slices.ContainsFunc(now.Servers(), func(s fleet.ServerState) bool { return s.Server == first }) {
		return false, err
	}
	if program.CheckHealth(ctx, first.URL+"/healthz") != nil {
		return false, nil
	}
	if slices.Contains(now.Draining(), first) {
		if err := rotation.Drained(ctx, first); err != nil {
			return false, err
		}
	}
	return lists.Adopt(ctx, first)
}
