package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/mount"

	"deux/internal/engine"
)

func (c fatedDocker) VolumePaths(context.Context, string) ([]string, error) {
	return c.paths, c.fate.asks("docker image inspect", func() error { return nil })
}

func (c fatedDocker) Volumes(_ context.Context, colour string) (all []engine.Volume, err error) {
	err = c.fate.asks("docker volume ls", func() error {
		for _, name := range slices.Sorted(maps.Keys(c.volumes)) {
			all = append(all, engine.Volume{Name: name, Colour: colour, Path: c.volumes[name]})
		}
		return nil
	})
	return all, err
}

func (c fatedDocker) EnsureVolume(_ context.Context, v engine.Volume) (made bool, err error) {
	err = c.fate.does("docker volume create", func() error {
		_, has := c.volumes[v.Name]
		c.volumes[v.Name], made = v.Path, !has
		return nil
	})
	return made, err
}

func (c fatedDocker) RemoveVolume(_ context.Context, _, name string) error {
	return c.fate.does("docker volume rm", func() error {
		if users := c.users(name); len(users) > 0 {
			return fmt.Errorf("the volume is in use by %q", users)
		}
		delete(c.volumes, name)
		return nil
	})
}

// volumesOf returns the volumes among a container's mounts.
func volumesOf(runtime engine.Runtime) string {
	var names []string
	for _, m := range runtime.Mounts {
		if m.Type == mount.TypeVolume {
			names = append(names, m.Source)
		}
	}
	return strings.Join(names, " ")
}
