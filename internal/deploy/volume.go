package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/volumes"
	"deux/internal/engine"
)

// volumes returns the colour's volumes.
func (d *Deployer) volumes() volumes.Volumes {
	return volumes.Volumes{Docker: d.docker, Ledger: d.ledger, Colour: d.colour.name, Prefix: d.colour.volumePrefix}
}

// equip returns the runtime of a candidate once Docker has its volumes. Those that
// are missing are recorded first, and then made.
func (d *Deployer) equip(ctx context.Context, p *ledger.Deployment) (engine.Runtime, error) {
	runtime, err := d.runtime(ctx, p)
	if err == nil && len(p.Volumes) > 0 {
		err = d.ledger.Save(p)
	}
	if err == nil {
		err = d.volumes().Make(ctx, p, runtime)
	}
	return runtime, err
}

// AddVolume makes the app keep a folder, NAME:/path, in a volume. A running app
// gets it at once, in a release of the same image, or nothing changes.
func (d *Deployer) AddVolume(ctx context.Context, text string) error {
	v, err := ledger.ParseVolume(text)
	if err != nil {
		return err
	}
	return d.changing(ctx, func() error {
		before := d.ledger.Volumes()
		all, err := before.Add(v)
		if err != nil {
			return err
		}
		return d.withVolumes(ctx, before, all, "+volume:"+v.Name)
	})
}

// withVolumes records the volumes and releases what runs again with them. If
// that fails the record is as before.
func (d *Deployer) withVolumes(ctx context.Context, before, after ledger.Volumes, what string) error {
	if err := d.ledger.SetVolumes(after); err != nil {
		return err
	}
	if err := d.releaseAgain(ctx, what); err != nil {
		return errors.Join(err, d.ledger.SetVolumes(before))
	}
	return nil
}

// RemoveVolume removes a volume and everything in it, if that is confirmed. An
// app that uses it goes on without it, in a release of the same image.
func (d *Deployer) RemoveVolume(ctx context.Context, name string, confirmed bool) error {
	return d.changing(ctx, func() error {
		before := d.ledger.Volumes()
		v, err := d.findVolume(ctx, name)
		if err != nil {
			return err
		}
		if err := d.strangersOf(ctx, v); err != nil {
			return err
		}
		if !confirmed {
			return fmt.Errorf("everything that %s wrote to %s is lost with the volume %s, and there is no copy: "+
				"bin/deploy volume %[1]s rm %[3]s --yes removes it", d.colour.name, v.Path, v.Name)
		}
		v.Going = true
		after := append(before.Without(name), v)
		if err := d.withVolumes(ctx, before, after, "-volume:"+name); err != nil {
			return err
		}
		if err := d.volumes().Remove(ctx, v); err != nil {
			return err
		}
		d.out.line("The volume %s is removed", d.volumes().InDocker(v).Name)
		return d.ledger.SetVolumes(d.ledger.Volumes().Without(name))
	})
}

// findVolume returns a volume by its name, even if only Docker knows it.
func (d *Deployer) findVolume(ctx context.Context, name string) (ledger.Volume, error) {
	all, err := d.volumes().All(ctx)
	v, found := all.Named(name)
	if err == nil && !found {
		err = fmt.Errorf("%s has no volume %q: bin/deploy volume %[1]s ls lists them", d.colour.name, name)
	}
	return v, err
}

// strangersOf returns an error if a container that is not a release of the colour
// mounts the volume.
func (d *Deployer) strangersOf(ctx context.Context, v ledger.Volume) error {
	users, err := d.volumes().Users(ctx, v)
	if err != nil {
		return err
	}
	releases, err := d.docker.Releases(ctx, d.colour.name)
	if err != nil {
		return err
	}
	for _, user := range users {
		if !slices.ContainsFunc(releases, func(r engine.Release) bool { return r.Name == user }) {
			return fmt.Errorf("the container %s uses the volume %s: stop and remove it first", user, v.Name)
		}
	}
	return nil
}

// ListVolumes writes one line for each volume: its name, its path in the
// container, Docker's name for it, and what uses it.
func (d *Deployer) ListVolumes(ctx context.Context) error {
	all, err := d.volumes().All(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		d.out.line("%s has no volumes: a VOLUME in its Dockerfile makes one, or bin/deploy volume %[1]s add NAME:/path", d.colour.name)
	}
	for _, v := range all {
		users, err := d.volumes().Users(ctx, v)
		if err != nil {
			return err
		}
		used := "used by nothing"
		if len(users) > 0 {
			used = "used by " + strings.Join(users, ", ")
		}
		d.out.line("%-16s %-24s %-28s %s", v.Name, v.Path, d.volumes().InDocker(v).Name, used)
	}
	return nil
}

// sayKept says that the volumes stay when everything else goes.
func (d *Deployer) sayKept(ctx context.Context) error {
	left, err := d.volumes().Left(ctx)
	for _, v := range left {
		d.out.line("The data of %s in the volume %s stays: bin/deploy volume %[1]s rm %[3]s --yes removes it",
			d.colour.name, d.volumes().InDocker(v).Name, v.Name)
	}
	return err
}
