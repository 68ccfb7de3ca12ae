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

	"deux/internal/engine"
)

// fatedDocker is a client of the daemon in one process. What a push of the matrix
// does not call is not there.
type fatedDocker struct {
	docker
	*daemon
	fate *fate
}

func (c fatedDocker) Close() error { return nil }

func (c fatedDocker) Ping(context.Context) error {
	return c.fate.asks("docker ping", func() error { return nil })
}

func (c fatedDocker) NameTaken(context.Context, string) (stranger bool, err error) {
	return false, c.fate.asks("docker inspect", func() error { return nil })
}

// Build makes an image whose digest is sha256: and the revision.
func (c fatedDocker) Build(_ context.Context, _, tag string, labels []string, _ int64, _ io.Writer) (id string, err error) {
	err = c.fate.does("docker build", func() error {
		revision := tag[strings.LastIndexByte(tag, ':')+1:]
		id = "image of " + revision
		c.images[id] = append(c.images[id], tag)
		return nil
	})
	return id, err
}

func (c fatedDocker) Tag(_ context.Context, source, target string) error {
	return c.fate.does("docker tag", func() error { return c.tag(source, target) })
}

func (c fatedDocker) Push(_ context.Context, reference string) (digest string, err error) {
	err = c.fate.does("docker push", func() error {
		id, found := c.image(reference)
		if !found {
			return errors.New("no such image: " + reference)
		}
		digest = "sha256:" + strings.TrimPrefix(id, "image of ")
		c.registry[digest] = true
		return c.tag(id, reference[:strings.LastIndexByte(reference, ':')]+"@"+digest)
	})
	return digest, err
}

func (c fatedDocker) Pull(_ context.Context, reference string) error {
	return c.fate.does("docker pull", func() error {
		_, digest, _ := strings.Cut(reference, "@")
		if !c.registry[digest] {
			return engine.ErrNotInRegistry
		}
		id := "image of " + strings.TrimPrefix(digest, "sha256:")
		if !slices.Contains(c.images[id], reference) {
			c.images[id] = append(c.images[id], reference)
		}
		return nil
	})
}

func (c fatedDocker) HasImage(_ context.Context, reference string) (has bool, err error) {
	err = c.fate.asks("docker image inspect", func() error { _, has = c.image(reference); return nil })
	return has, err
}

func (c fatedDocker) ImageConfig(context.Context, string) (config engine.ImageConfig, err error) {
	return config, c.fate.asks("docker image inspect", func() error { return nil })
}

func (c fatedDocker) Images(context.Context, string) (all []engine.Image, err error) {
	err = c.fate.asks("docker images", func() error {
		for _, id := range slices.Sorted(maps.Keys(c.images)) {
			all = append(all, engine.Image{ID: id, Names: slices.Clone(c.images[id])})
		}
		return nil
	})
	return all, err
}

func (c fatedDocker) Untag(_ context.Context, reference string) error {
	return c.fate.does("docker rmi", func() error { c.untag(reference); return nil })
}

func (c fatedDocker) Unregister(_ context.Context, _, digest string) error {
	return c.fate.does("unregister", func() error { delete(c.registry, digest); return nil })
}

func (c fatedDocker) Releases(context.Context, string) (all []engine.Release, err error) {
	err = c.fate.asks("docker ps", func() error {
		boxes := c.boxes
		if c.lags {
			boxes, c.before = c.before, c.boxes
		}
		for _, b := range boxes {
			all = append(all, b.Release)
		}
		return nil
	})
	return all, err
}

func (c fatedDocker) Start(_ context.Context, release engine.Release, runtime engine.Runtime, repository, host string) (id string, err error) {
	err = c.fate.does("docker run", func() error {
		if _, found := c.image(repository + "@" + release.Digest); !found {
			return errors.New("no such image")
		}
		if err := c.nameTaken(release.Name); err != nil {
			return err
		}
		if slices.ContainsFunc(c.boxes, func(b box) bool { return b.Address == host && b.Port == release.Port }) {
			return engine.ErrPortTaken
		}
		c.changed()
		c.made++
		id = fmt.Sprintf("container %d", c.made)
		release.ID, release.Running, release.Address, release.Runtime = id, true, host, runtime.String()
		c.boxes = append(c.boxes, box{Release: release, volumes: volumesOf(runtime)})
		return nil
	})
	if err != nil {
		id = ""
	}
	return id, err
}

// on changes one container.
func (c fatedDocker) on(what, id string, change func(*box) error) error {
	return c.fate.does(what, func() error {
		found, err := c.box(id)
		if err != nil {
			return err
		}
		c.changed()
		return change(found)
	})
}

func (c fatedDocker) Keep(_ context.Context, id string) error {
	return c.on("docker update", id, func(b *box) error { b.kept = true; return nil })
}

func (c fatedDocker) Rename(_ context.Context, id, name string) error {
	return c.on("docker rename", id, func(b *box) error {
		if err := c.nameTaken(name); err != nil {
			return err
		}
		b.Name = name
		return nil
	})
}

func (c fatedDocker) Stop(_ context.Context, id string, _ time.Duration) error {
	err := c.on("docker stop", id, func(b *box) error { b.Running, b.Address = false, ""; return nil })
	return unlessGone(err)
}

func (c fatedDocker) RemoveRelease(_ context.Context, id string) error {
	err := c.on("docker rm", id, func(b *box) error {
		c.held[b.Name] = 1
		c.boxes = slices.DeleteFunc(slices.Clone(c.boxes), func(b box) bool { return b.ID == id })
		return nil
	})
	return unlessGone(err)
}

// unlessGone is what the engine makes of Docker's 404.
func unlessGone(err error) error {
	if err != nil && strings.HasPrefix(err.Error(), "no such container") {
		return nil
	}
	return err
}

func (c fatedDocker) RemoveAppsNetwork(context.Context) error {
	return c.fate.does("docker network rm", func() error { return nil })
}

func (c fatedDocker) State(_ context.Context, id string) (state engine.State, err error) {
	err = c.fate.asks("docker inspect", func() error {
		found, err := c.box(id)
		if err != nil {
			return engine.ErrNoContainer
		}
		state = engine.State{Running: found.Running, Kept: found.kept, Check: []string{"check"}}
		return nil
	})
	return state, err
}

func (c fatedDocker) Exec(context.Context, string, []string) (int, string, error) {
	return 0, "", c.fate.asks("docker exec", func() error { return nil })
}

func (c fatedDocker) Logs(context.Context, string, int, bool, io.Writer) error {
	return c.fate.asks("docker logs", func() error { return nil })
}

func (c fatedDocker) TimedLogs(_ context.Context, id string, _ time.Time, _ bool, out io.Writer) error {
	return c.fate.asks("docker logs", func() error { _, err := fmt.Fprintln(out, "hello from", id); return err })
}

func (c fatedDocker) OneOffs(context.Context, string) (map[string]string, error) {
	return nil, c.fate.asks("docker ps", func() error { return nil })
}
