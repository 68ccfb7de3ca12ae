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

// For returns the volumes that a release of the image gets, and makes those that
// are missing. It records those that it made in p, in case the push fails.
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
	return s.ensure(ctx, p, all.Mounted(paths))
}

func (s Volumes) ensure(ctx context.Context, p *ledger.Deployment, all ledger.Volumes) (ensured []engine.Volume, err error) {
	for _, v := range all {
		volume := s.InDocker(v)
		made, err := s.Docker.EnsureVolume(ctx, volume)
		if err != nil {
			return nil, err
		}
		if made {
			p.Volumes = append(p.Volumes, v.Name)
		}
		ensured = append(ensured, volume)
	}
	return ensured, nil
}

// Notes says for each volume of a release where the app's data is kept.
func (s Volumes) Notes(p *ledger.Deployment, runtime engine.Runtime) (notes []string) {
	for _, m := range runtime.Mounts {
		name, ours := strings.CutPrefix(m.Source, s.Prefix)
		if !ours || m.Type != "volume" {
			continue
		}
		kept := "as the release before left it"
		if slices.Contains(p.Volumes, name) {
			kept = "new; every later release gets it too"
		}
		notes = append(notes, fmt.Sprintf("Keeping %s in the volume %s (%s)", m.Target, m.Source, kept))
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
