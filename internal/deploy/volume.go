package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// leftVolumes returns the colour's volumes that Docker has, whether the ledger
// lists them or not.
func (d *Deployer) leftVolumes(ctx context.Context) (left []ledger.Volume, err error) {
	found, err := d.docker.Volumes(ctx, d.colour.name)
	for _, v := range found {
		if name, ours := strings.CutPrefix(v.Name, d.colour.volumePrefix); ours {
			left = append(left, ledger.Volume{Name: name, Path: v.Path})
		}
	}
	return left, err
}

// volumesFor returns the volumes that the release gets, and makes those that are
// missing. It records those that it made in p, in case the push fails.
func (d *Deployer) volumesFor(ctx context.Context, p *ledger.Deployment) ([]engine.Volume, error) {
	paths, err := d.docker.VolumePaths(ctx, d.colour.repository+"@"+p.Digest)
	if err != nil {
		return nil, err
	}
	left, err := d.leftVolumes(ctx)
	if err != nil {
		return nil, err
	}
	before := d.ledger.Volumes()
	all := before.ForImage(paths, left)
	if len(all) > len(before) {
		if err := d.ledger.SetVolumes(all); err != nil {
			return nil, err
		}
	}
	return d.ensureVolumes(ctx, p, all.Mounted(paths))
}

func (d *Deployer) ensureVolumes(ctx context.Context, p *ledger.Deployment, all ledger.Volumes) (ensured []engine.Volume, err error) {
	for _, v := range all {
		docker := d.colour.volumeOf(v)
		made, err := d.docker.EnsureVolume(ctx, docker)
		if err != nil {
			return nil, err
		}
		if made {
			p.Volumes = append(p.Volumes, v.Name)
		}
		ensured = append(ensured, docker)
	}
	return ensured, nil
}

// sayVolumes tells the pusher where the app's data is kept.
func (d *Deployer) sayVolumes(p *ledger.Deployment, runtime engine.Runtime) {
	for _, m := range runtime.Mounts {
		name, ours := strings.CutPrefix(m.Source, d.colour.volumePrefix)
		if !ours || m.Type != "volume" {
			continue
		}
		kept := "as the release before left it"
		if slices.Contains(p.Volumes, name) {
			kept = "new; every later release gets it too"
		}
		d.out.step("Keeping %s in the volume %s (%s)", m.Target, m.Source, kept)
	}
}

// dropVolumes removes the volumes that a failed push made: they hold nobody's
// data, and the next push should find what its own image has there.
func (d *Deployer) dropVolumes(ctx context.Context, p *ledger.Deployment) {
	all := d.ledger.Volumes()
	for _, name := range p.Volumes {
		v, _ := all.Named(name)
		if err := d.docker.RemoveVolume(ctx, d.colour.name, d.colour.volumeOf(v).Name); err != nil {
			d.out.line("warning: %v", err)
			continue
		}
		if v.Auto {
			all = all.Without(name)
		}
	}
	if err := d.ledger.SetVolumes(all); len(p.Volumes) > 0 && err != nil {
		d.out.line("warning: %v", err)
	}
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
		v, err := d.findVolume(ctx, before, name)
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
		if err := d.docker.RemoveVolume(ctx, d.colour.name, d.colour.volumeOf(v).Name); err != nil {
			return err
		}
		d.out.line("The volume %s is removed", d.colour.volumeOf(v).Name)
		return d.ledger.SetVolumes(d.ledger.Volumes().Without(name))
	})
}

// findVolume returns a volume by its name, even if only Docker knows it.
func (d *Deployer) findVolume(ctx context.Context, all ledger.Volumes, name string) (ledger.Volume, error) {
	if v, found := all.Named(name); found {
		return v, nil
	}
	left, err := d.leftVolumes(ctx)
	if err != nil {
		return ledger.Volume{}, err
	}
	if v, found := ledger.Volumes(left).Named(name); found {
		return v, nil
	}
	return ledger.Volume{}, fmt.Errorf("%s has no volume %q: bin/deploy volume %[1]s ls lists them", d.colour.name, name)
}

// strangersOf returns an error if a container that is not a release of the colour
// mounts the volume.
func (d *Deployer) strangersOf(ctx context.Context, v ledger.Volume) error {
	users, err := d.docker.VolumeUsers(ctx, d.colour.volumeOf(v).Name)
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
	all := d.ledger.Volumes()
	left, err := d.leftVolumes(ctx)
	if err != nil {
		return err
	}
	for _, v := range left {
		if _, known := all.Named(v.Name); !known {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		d.out.line("%s has no volumes: a VOLUME in its Dockerfile makes one, or bin/deploy volume %[1]s add NAME:/path", d.colour.name)
	}
	for _, v := range all {
		docker := d.colour.volumeOf(v).Name
		users, err := d.docker.VolumeUsers(ctx, docker)
		if err != nil {
			return err
		}
		used := "used by nothing"
		if len(users) > 0 {
			used = "used by " + strings.Join(users, ", ")
		}
		d.out.line("%-16s %-24s %-28s %s", v.Name, v.Path, docker, used)
	}
	return nil
}

// sayKept says that the volumes stay when everything else goes.
func (d *Deployer) sayKept(ctx context.Context) error {
	left, err := d.leftVolumes(ctx)
	for _, v := range left {
		d.out.line("The data of %s in the volume %s stays: bin/deploy volume %[1]s rm %[3]s --yes removes it",
			d.colour.name, d.colour.volumeOf(v).Name, v.Name)
	}
	return err
}

// volumeOf returns Docker's side of a volume.
func (c colour) volumeOf(v ledger.Volume) engine.Volume {
	return engine.Volume{Name: c.volumePrefix + v.Name, Colour: c.name, Path: v.Path}
}
