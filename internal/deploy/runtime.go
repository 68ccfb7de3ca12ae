package deploy

import (
	"context"

	"deux/internal/engine"
)

// runtime returns what the release's container gets besides its image.
func (d *Deployer) runtime(_ context.Context, p *push) (engine.Runtime, error) {
	return engine.Runtime{
		Env: []string{"COLOUR=" + d.colour.name, "REVISION=" + p.Revision},
		Limits: d.colour.engineLimits(),
	}, nil
}
