package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/mount"

	"deux/internal/engine"
)

// estate is what a daemon has besides containers and images, and how containers
// fare. Like the daemon it outlives the processes that talk to it.
type estate struct {
	image   engine.ImageConfig // of every image
	paths   []string           // the VOLUMEs of every image
	volumes map[string]string  // where the colour's volumes were first mounted, by Docker's names

	given     map[string]engine.Runtime // what a container got, by its id
	strangers map[string]string         // a container that is not a release, by the volume that it mounts
	ends      *engine.State             // how a new container ends at once; nil if it runs on
	kills     []time.Time               // when the kernel killed a process for its memory
	looks     int                       // how often that was asked

	owners  map[string]string // the owners of one-off containers, by their ids
	oneOff  engine.OneOff     // the last one that was asked for
	runtime engine.Runtime    // what that should get

	failing map[string]error // by what fails: a call of volumes, of images or of one-offs
}

func newEstate() *estate {
	return &estate{volumes: make(map[string]string), given: make(map[string]engine.Runtime),
		strangers: make(map[string]string), owners: make(map[string]string), failing: make(map[string]error)}
}

// estateDocker is a client of a daemon that has an estate.
type estateDocker struct {
	fatedDocker
	*estate
}

func (c estateDocker) ImageConfig(context.Context, string) (engine.ImageConfig, error) {
	return c.image, nil
}

func (c estateDocker) HasImage(ctx context.Context, reference string) (bool, error) {
	if err := c.failing["HasImage"]; err != nil {
		return false, err
	}
	return c.fatedDocker.HasImage(ctx, reference)
}

func (c estateDocker) Start(ctx context.Context, release engine.Release, runtime engine.Runtime, repository, host string) (string, error) {
	id, err := c.fatedDocker.Start(ctx, release, runtime, repository, host)
	c.given[id] = runtime
	return id, err
}

func (c estateDocker) State(ctx context.Context, id string) (engine.State, error) {
	state, err := c.fatedDocker.State(ctx, id)
	if err == nil && !state.Kept && c.ends != nil {
		return *c.ends, nil
	}
	return state, err
}

func (c estateDocker) Logs(_ context.Context, _ string, _ int, _ bool, out io.Writer) error {
	_, err := fmt.Fprintln(out, "what it said")
	return err
}

func (c estateDocker) MemoryKills(_ context.Context, _ string, since time.Time) (last time.Time, kills int) {
	c.looks++
	for _, at := range c.kills {
		if at.After(since) && !at.After(time.Now()) {
			last, kills = at, kills+1
		}
	}
	return last, kills
}

func (c estateDocker) VolumePaths(context.Context, string) ([]string, error) { return c.paths, nil }

func (c estateDocker) Volumes(_ context.Context, colour string) (all []engine.Volume, err error) {
	for _, name := range slices.Sorted(maps.Keys(c.volumes)) {
		all = append(all, engine.Volume{Name: name, Colour: colour, Path: c.volumes[name]})
	}
	return all, c.failing["Volumes"]
}

func (c estateDocker) VolumeUsers(_ context.Context, name string) (users []string, err error) {
	for _, b := range c.boxes {
		if slices.ContainsFunc(c.given[b.ID].Mounts, func(m mount.Mount) bool { return m.Source == name }) {
			users = append(users, b.Name)
		}
	}
	if stranger, uses := c.strangers[name]; uses {
		users = append(users, stranger)
	}
	return users, nil
}

func (c estateDocker) EnsureVolume(_ context.Context, v engine.Volume) (made bool, err error) {
	if _, has := c.volumes[v.Name]; has {
		return false, nil
	}
	if err := c.failing["EnsureVolume"]; err != nil {
		return false, err
	}
	c.volumes[v.Name] = v.Path
	return true, nil
}

func (c estateDocker) RemoveVolume(ctx context.Context, _, name string) error {
	if users, _ := c.VolumeUsers(ctx, name); len(users) > 0 {
		return errors.New("the volume is in use by " + strings.Join(users, ", "))
	}
	if err := c.failing["RemoveVolume"]; err != nil {
		return err
	}
	delete(c.volumes, name)
	return nil
}

func (c estateDocker) Attach(_ context.Context, oneOff engine.OneOff, runtime engine.Runtime) (*engine.Attached, error) {
	c.oneOff, c.runtime = oneOff, runtime
	return nil, c.failing["Attach"]
}

func (c estateDocker) OneOffs(context.Context, string) (map[string]string, error) {
	return maps.Clone(c.owners), c.failing["OneOffs"]
}

func (c estateDocker) RemoveOneOff(_ context.Context, id string) error {
	delete(c.owners, id)
	return c.failing["RemoveOneOff"]
}
