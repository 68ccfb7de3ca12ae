package deploy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"deux/internal/engine"
)

// daemon is a Docker daemon as far as a push is concerned. It outlives the
// processes that talk to it.
type daemon struct {
	boxes    []box
	images   map[string][]string // names by id
	registry map[string]bool     // digests
	paths    []string            // the VOLUMEs of every image
	volumes  map[string]string   // where they are mounted, by Docker's names
	made     int
	lags     bool  // the first list after a change shows what was before it
	before   []box // the last change

	keepsNames bool           // of a container that was removed, for one more try
	held       map[string]int // for how many tries
}

// box is a container.
type box struct {
	engine.Release
	kept    bool   // Docker starts it again
	volumes string // that it mounts, separated by spaces
}

func newDaemon() *daemon {
	return &daemon{images: make(map[string][]string), registry: make(map[string]bool), volumes: make(map[string]string), held: make(map[string]int)}
}

func (m *daemon) clone() *daemon {
	c := *m
	c.boxes, c.images, c.registry, c.held = slices.Clone(m.boxes), maps.Clone(m.images), maps.Clone(m.registry), maps.Clone(m.held)
	c.volumes = maps.Clone(m.volumes)
	for id, names := range c.images {
		c.images[id] = slices.Clone(names)
	}
	return &c
}

func (m *daemon) box(id string) (*box, error) {
	if i := slices.IndexFunc(m.boxes, func(b box) bool { return b.ID == id }); i >= 0 {
		return &m.boxes[i], nil
	}
	return nil, errors.New("no such container: " + id)
}

// changed remembers the containers before they change.
func (m *daemon) changed() { m.before = slices.Clone(m.boxes) }

// nameTaken is Docker's conflict.
func (m *daemon) nameTaken(name string) error {
	if m.keepsNames && m.held[name] > 0 {
		m.held[name]--
		return fmt.Errorf("conflict: the container name %q is already in use", name)
	}
	if slices.ContainsFunc(m.boxes, func(b box) bool { return b.Name == name }) {
		return fmt.Errorf("conflict: the container name %q is already in use", name)
	}
	return nil
}

// image returns the id of the image with the name or id.
func (m *daemon) image(name string) (string, bool) {
	for id, names := range m.images {
		if id == name || slices.Contains(names, name) {
			return id, true
		}
	}
	return "", false
}

func (m *daemon) tag(source, target string) error {
	id, found := m.image(source)
	if !found {
		return errors.New("no such image: " + source)
	}
	m.untag(target)
	m.images[id] = append(m.images[id], target)
	return nil
}

func (m *daemon) untag(name string) {
	id, found := m.image(name)
	if !found {
		return
	}
	m.images[id] = slices.DeleteFunc(m.images[id], func(n string) bool { return n == name })
	if len(m.images[id]) == 0 {
		delete(m.images, id)
	}
}

// users are the containers that mount a volume.
func (m *daemon) users(volume string) (names []string) {
	for _, b := range m.boxes {
		if slices.Contains(strings.Fields(b.volumes), volume) {
			names = append(names, b.Name)
		}
	}
	return names
}
