package deploy

import (
	"context"
	"path"
	"path/filepath"
	"strconv"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// secretsFolder is where an app finds the files of its configuration.
const secretsFolder = "/run/secrets"

// runtime returns what the release's container gets besides its image: the
// current configuration, or the new one that the release is made for, and its
// volumes and limits.
func (d *Deployer) runtime(ctx context.Context, p *ledger.Deployment) (engine.Runtime, error) {
	runtime, err := d.configured(ctx, p)
	if err != nil {
		return runtime, err
	}
	runtime.Limits = d.colour.engineLimits()
	volumes, err := d.volumes().For(ctx, p, d.digest(p))
	for _, volume := range volumes {
		runtime.Mounts = append(runtime.Mounts, volume.Mount())
	}
	return runtime, err
}

// configured returns the part of the runtime that is the app's configuration, and
// sets the port that follows from it and the image.
func (d *Deployer) configured(ctx context.Context, p *ledger.Deployment) (runtime engine.Runtime, err error) {
	if p.Aim != ledger.Configured {
		if p.Generation, err = d.env.Current(); err != nil {
			return runtime, err
		}
	}
	configuration, err := d.env.Read(p.Generation)
	if err != nil {
		return runtime, err
	}
	image, err := d.docker.ImageConfig(ctx, d.digest(p))
	if err != nil {
		return runtime, err
	}
	p.AppPort, p.PortNote = appPort(image.Ports, configuration.Variables["PORT"])
	configuration.Variables["PORT"] = strconv.Itoa(p.AppPort)
	runtime.Init = !image.HasInit()
	runtime.Env = append(configuration.Environment(), "COLOUR="+d.colour.name, "REVISION="+p.Revision)
	for name := range configuration.Files {
		source, err := filepath.Abs(d.env.File(p.Generation, name))
		if err != nil {
			return runtime, err
		}
		runtime.Mounts = append(runtime.Mounts, engine.ReadOnlyFile(source, path.Join(secretsFolder, name)))
	}
	return runtime, nil
}
