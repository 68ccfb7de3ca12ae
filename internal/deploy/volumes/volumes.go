// Package volumes keeps the data of a pushed app: which volumes a release gets,
// which of them Docker has, and who uses them.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// Docker is what is asked of the engine.
type Docker interface {
	VolumePaths(ctx context.Context, image string) ([]string, error)
	Volumes(ctx context.Context, colour string) ([]engine.Volume, error)
	VolumeUsers(ctx context.Context, name string) ([]string, error)
	EnsureVolume(ctx context.Context, volume engine.Volume) (made bool, err error)
	RemoveVolume(ctx context.Context, colour, name string) error
}

// Volumes is the volumes of one colour's app. The ledger says which there are to
// be; Docker holds them.
type Volumes struct {
	Docker Docker
	Ledger *ledger.Ledger
	Colour string
	Prefix string // before a volume's name, in the name that Docker has for it
}

// InDocker returns Docker's side of a volume.
func (s Volumes) InDocker(v ledger.Volume) engine.Volume {
	return engine.Volume{Name: s.Prefix + v.Name, Colour: s.Colour, Path: v.Path}
}

// Left returns the volumes that Docker has, whether the ledger lists them or not.
func (s Volumes) Left(ctx context.Context) (left ledger.Volumes, err error) {
	found, err := s.Docker.Volumes(ctx, s.Colour)
	for _, v := range found {
		if name, ours := strings.CutPrefix(v.Name, s.Prefix); ours {
			left = append(left, ledger.Volume{Name: name, Path: v.Path})
		}
	}
	return left, err
}

// For returns the volumes that a release of the image gets, and records in p those
// that Docker does not have yet: Make makes them.
func (s Volumes) For(ctx context.Context, p *ledger.Deployment, image string) ([]engine.Volume, error) {
	paths, err := s.Docker.VolumePaths(ctx, image)
	if err != nil {
		return nil, err
	}
	left, err := s.Left(ctx)
	if err != nil {
		return nil, err
	}
	before := s.Ledger.Volumes()
	all := before.ForImage(paths, left)
	if len(all) > len(before) {
		if err := s.Ledger.SetVolumes(all); err != nil {
			return nil, err
		}
	}
	p.Volumes = nil
	var mounted []engine.Volume
	for _, v := range all.Mounted(paths) {
		mounted = append(mounted, s.InDocker(v))
		if _, has := left.Named(v.Name); !has {
			p.Volumes = append(p.Volumes, v.Name)
		}
	}
	return mounted, nil
}

// Make makes the volumes of a release that Docker does not have. The deployment is
// on the disk by then, so that what was made for it is known even if this process
// dies. One that somebody else makes meanwhile does not count.
func (s Volumes) Make(ctx context.Context, p *ledger.Deployment, runtime engine.Runtime) error {
	for _, v := range s.of(runtime) {
		made, err := s.Docker.EnsureVolume(ctx, v)
		if err != nil {
			return err
		}
		if !made {
			p.Volumes = slices.DeleteFunc(p.Volumes, func(name string) bool { return s.Prefix+name == v.Name })
		}
	}
	return nil
}

// of returns the colour's volumes among the mounts of a release.
func (s Volumes) of(runtime engine.Runtime) (all []engine.Volume) {
	for _, m := range runtime.Mounts {
		if m.Type == "volume" && strings.HasPrefix(m.Source, s.Prefix) {
			all = append(all, engine.Volume{Name: m.Source, Colour: s.Colour, Path: m.Target})
		}
	}
	return all
}

// Notes says for each volume of a release where the app's data is kept.
func (s Volumes) Notes(p *ledger.Deployment, runtime engine.Runtime) (notes []string) {
	for _, v := range s.of(runtime) {
		kept := "as the release before left it"
		if slices.Contains(p.Volumes, strings.TrimPrefix(v.Name, s.Prefix)) {
			kept = "new; every later release gets it too"
		}
		notes = append(notes, fmt.Sprintf("Keeping %s in the volume %s (%s)", v.Path, v.Name, kept))
	}
	return notes
}

// Drop removes the volumes that a failed push made: they hold nobody's data, and
// the next push should find what its own image has there.
func (s Volumes) Drop(ctx context.Context, p *ledger.Deployment) error {
	if len(p.Volumes) == 0 {
		return nil
	}
	var errs []error
	all := s.Ledger.Volumes()
	for _, name := range p.Volumes {
		v, _ := all.Named(name)
		if err := s.Remove(ctx, ledger.Volume{Name: name}); err != nil {
			errs = append(errs, err)
			continue
		}
		if v.Auto {
			all = all.Without(name)
		}
	}
	return errors.Join(append(errs, s.Ledger.SetVolumes(all))...)
}

// Remove removes a volume from Docker with everything in it.
func (s Volumes) Remove(ctx context.Context, v ledger.Volume) error {
	return s.Docker.RemoveVolume(ctx, s.Colour, s.InDocker(v).Name)
}

// All returns the volumes that the ledger lists, and behind them those that only
// Docker has.
func (s Volumes) All(ctx context.Context) (ledger.Volumes, error) {
	all := s.Ledger.Volumes()
	left, err := s.Left(ctx)
	for _, v := range left {
		if _, known := all.Named(v.Name); !known {
			all = append(all, v)
		}
	}
	return all, err
}

// Users returns the names of the containers that mount the volume.
func (s Volumes) Users(ctx context.Context, v ledger.Volume) ([]string, error) {
	return s.Docker.VolumeUsers(ctx, s.InDocker(v).Name)
}
