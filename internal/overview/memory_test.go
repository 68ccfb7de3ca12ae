package overview_test

import (
	"context"
	"testing"

	"deux/internal/fleet"
	"deux/internal/overview"
)

func TestVerdict_SaysThatRedisIsNearlyFull(t *testing.T) {
	s := open(t)
	s.well()
	for free, want := range map[int64]string{
		20 << 20: "All is well: 2 web servers serve.",
		9 << 20:  "Redis is nearly full: 9.0 MiB of 100 MiB free. Look at pictures (/meow), or raise REDIS_MEMORY and run make up.",
	} {
		reader := overview.NewReader(site, func(ctx context.Context, depth fleet.Depth) (fleet.Snapshot, error) {
			snapshot, err := s.snapshot(ctx, depth)
			snapshot.Memory = fleet.Memory{Used: 100<<20 - free, Most: 100 << 20}
			return snapshot, err
		})
		if o, err := reader.Look(t.Context()); err != nil || o.Verdict.What != want {
			t.Errorf("with %d bytes free: got %q, %v, want %q", free, o.Verdict.What, err, want)
		}
	}
}
