package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
)

// PathLabel, on volumes, is where in the app's container it was first mounted.
const PathLabel = "deux.path"

// Volume is a named volume with data of one colour's app.
type Volume struct {
	Name   string // Docker's
	Colour string
	Path   string // in the container
}

// Mount returns the mount that gives a container the volume. An empty volume
// gets what the image has at the path, with its owner, when the container is
// created (Docker documentation, "Populate a volume using a container").
func (v Volume) Mount() mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Source: v.Name, Target: v.Path}
}

// EnsureVolume makes the volume unless it exists, and reports whether it did. It
// fails if a volume of that name does not belong to the colour.
func (e *Engine) EnsureVolume(ctx context.Context, v Volume) (made bool, err error) {
	found, err := e.docker.VolumeInspect(ctx, v.Name)
	if errdefs.IsNotFound(err) {
		_, err = e.docker.VolumeCreate(ctx, volume.CreateOptions{Name: v.Name, Labels: map[string]string{
			FleetLabel: e.fleet, ColourLabel: v.Colour, PathLabel: v.Path}})
		if err != nil {
			return false, fmt.Errorf("making the volume %s: %w", v.Name, err)
		}
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("inspecting the volume %s: %w", v.Name, err)
	}
	if found.Labels[FleetLabel] != e.fleet || found.Labels[ColourLabel] != v.Colour {
		return false, fmt.Errorf("the volume %s exists and does not belong to %s: remove it, or choose another name", v.Name, v.Colour)
	}
	return false, nil
}

// Volumes returns the volumes of one colour, sorted by name.
func (e *Engine) Volumes(ctx context.Context, colour string) ([]Volume, error) {
	found, err := e.docker.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", FleetLabel+"="+e.fleet), filters.Arg("label", ColourLabel+"="+colour))})
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	var all []Volume
	for _, v := range found.Volumes {
		all = append(all, Volume{v.Name, colour, v.Labels[PathLabel]})
	}
	slices.SortFunc(all, func(a, b Volume) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// VolumeUsers returns the names of the containers, running or not, that mount
// the volume.
func (e *Engine) VolumeUsers(ctx context.Context, name string) ([]string, error) {
	found, err := e.docker.ContainerList(ctx, container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("volume", name))})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	var names []string
	for _, summary := range found {
		if len(summary.Names) > 0 {
			names = append(names, strings.TrimPrefix(summary.Names[0], "/"))
		}
	}
	return names, nil
}

// RemoveVolume removes a volume of the colour and everything in it. It is not an
// error if the volume is gone; it is one if a container mounts it, or if it
// belongs to somebody else.
func (e *Engine) RemoveVolume(ctx context.Context, colour, name string) error {
	found, err := e.docker.VolumeInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("inspecting the volume %s: %w", name, err)
	}
	if found.Labels[FleetLabel] != e.fleet || found.Labels[ColourLabel] != colour {
		return fmt.Errorf("removing the volume %s: it does not belong to %s", name, colour)
	}
	if err := e.docker.VolumeRemove(ctx, name, false); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("removing the volume %s: %w", name, err)
	}
	return nil
}

// VolumePaths returns the paths of the image's VOLUME instructions, sorted.
func (e *Engine) VolumePaths(ctx context.Context, image string) ([]string, error) {
	found, err := e.docker.ImageInspect(ctx, image)
	if err != nil {
		return nil, fmt.Errorf("inspecting image %s: %w", image, err)
	}
	if found.Config == nil {
		return nil, nil
	}
	return slices.Sorted(maps.Keys(found.Config.Volumes)), nil
}
