package deploy

import (
	"context"
	"errors"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// awayAtFirst is a rotation whose Redis answers from the second time on.
type awayAtFirst struct {
	rotation
	asked int
}

func (r *awayAtFirst) StillDrains(context.Context, fleet.Server, fleet.Server) (bool, error) {
	if r.asked++; r.asked == 1 {
		return false, errors.New("connection refused")
	}
	return false, nil
}

func TestDrain_WaitsForARedisThatIsAwayForAMoment(t *testing.T) {
	lists := &awayAtFirst{}
	d := &Deployer{rotation: lists, config: Config{DrainTimeout: time.Minute}}
	err := d.drain(t.Context(), engine.Release{Running: true, Port: 50201}, &ledger.Deployment{})
	if err != nil || lists.asked != 2 {
		t.Errorf("got %v after asking %d times, want nil after 2", err, lists.asked)
	}
}
