package deploy

import (
	"context"
	"path"
	"path/filepath"
	"strconv"

	"deux/internal/engine"
)

// secretsFolder is where an app finds the files of its configuration.
const secretsFolder = "/run/secrets"

// runtime returns what the release's container gets besides its image: today's
// configuration, or the new one that the release is made for.
func (d *Deployer) runtime(ctx context.Context, p *push) (engine.Runtime, error) {
	if p.Aim != configured {
		today, err := d.env.Current()
		if err != nil {
			return engine.Runtime{}, err
		}
		p.Generation = today
	}
	configuration, err := d.env.Read(p.Generation)
	if err != nil {
		return engine.Runtime{}, err
	}
	image, err := d.engine.ImageConfig(ctx, d.colour.repository+"@"+p.Digest)
	if err != nil {
		return engine.Runtime{}, err
	}
	p.AppPort, p.portNote = appPort(image.Ports, configuration.Variables["PORT"])
	configuration.Variables["PORT"] = strconv.Itoa(p.AppPort)
	runtime := engine.Runtime{
		Env:    append(configuration.Environment(), "COLOUR="+d.colour.name, "REVISION="+p.Revision),
		Init:   !image.HasInit(),
		Limits: d.colour.engineLimits(),
	}
	for name := range configuration.Files {
		source, err := filepath.Abs(d.env.File(p.Generation, name))
		if err != nil {
			return engine.Runtime{}, err
		}
		runtime.Mounts = append(runtime.Mounts, engine.ReadOnlyFile(source, path.Join(secretsFolder, name)))
	}
	volumes, err := d.volumesFor(ctx, p)
	for _, volume := range volumes {
		runtime.Mounts = append(runtime.Mounts, volume.Mount())
	}
	return runtime, err
}
