package infrastructure

import (
	"context"
	"fmt"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// probe returns nil when the server answers GET /healthz with 200.
func probe(ctx context.Context, server fleet.Server) error {
	return program.CheckHealth(ctx, server.URL+"/healthz")
}

// Pauses between two probes of a server that starts.
const (
	firstProbePause = 10 * time.Millisecond
	maxProbePause   = 250 * time.Millisecond
)

// waitForAnswer probes until the server answers or the start timeout is over.
func (p *Poller) waitForAnswer(ctx context.Context, server fleet.Server) (err error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.StartTimeout)
	defer cancel()
	for range program.Pauses(ctx, firstProbePause, maxProbePause) {
		if err = p.probe(ctx, server); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no answer within %v: %w", p.config.StartTimeout, err)
}
