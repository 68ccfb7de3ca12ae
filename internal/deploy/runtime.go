package deploy

import (
	"context"

	"deux/internal/engine"
)

// runtime returns what the release's container gets besides its image.
func (d *Deployer) runtime(ctx context.Context, p *push) (engine.Runtime, error) {
	volumes, err := d.volumesFor(ctx, p)
	runtime := engine.Runtime{
		Env:    []string{"COLOUR=" + d.colour.name, "REVISION=" + p.Revision},
		Limits: d.colour.engineLimits(),
	}
	for _, volume := range volumes {
		runtime.Mounts = append(runtime.Mounts, volume.Mount())
	}
	return runtime, err
}
