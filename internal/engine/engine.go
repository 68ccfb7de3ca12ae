// Package engine is Docker as the system needs it: it starts a server through
// scripts/spawn_docker.sh, and lists, stops and removes what carries the
// system's labels, and nothing else. It is the only package that imports
// Docker's client, and it knows nothing of Redis.
package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"deux/internal/program"
)

// Labels of everything that the system makes. Anything without them is somebody
// else's and is never touched.
const (
	FleetLabel = "deux.fleet" // the name of the system on this host
	RoleLabel  = "deux.role"  // "server" or "release"
	PortLabel  = "deux.port"  // the host port of a server
	// VersionLabel, on a server, identifies the code and settings that it was
	// started from.
	VersionLabel = "deux.version"
	ImageLabel   = "deux.image" // on images: the fleet. Containers inherit their image's labels.
)

const roleServer = "server"

// Engine is the part of a Docker engine that belongs to one system.
type Engine struct {
	docker *client.Client
	fleet  string
}

// Open returns the engine that DOCKER_HOST names, or the local one. It sends
// nothing before the first call.
func Open(fleet string) (*Engine, error) {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, fmt.Errorf("reaching Docker: %w", err)
	}
	if host := docker.DaemonHost(); strings.HasPrefix(host, "ssh://") { // only Docker's command can
		return nil, fmt.Errorf("setting DOCKER_HOST=%s: expected unix:// or tcp://", host)
	}
	return &Engine{docker: docker, fleet: fleet}, nil
}

// Close ends the connections to the engine.
func (e *Engine) Close() error { return e.docker.Close() }

// Ping returns nil when Docker answers within two seconds.
func (e *Engine) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := e.docker.Ping(ctx)
	return err
}

// pingPause is how long Wait pauses between two tries.
const pingPause = 500 * time.Millisecond

// Wait returns when Docker answers, or with ctx's error.
func (e *Engine) Wait(ctx context.Context, docker *program.Outage) error {
	for range program.Pauses(ctx, pingPause, pingPause) {
		err := e.Ping(ctx)
		if docker.Note(err); err == nil {
			return nil
		}
	}
	return ctx.Err()
}

// Container is one container of the system.
type Container struct {
	Name    string
	Port    int    // host port of a server
	Address string // of the host, on which the port is published; empty for every address, or unless it runs
	Running bool
	Version string // its VersionLabel
}

// Servers returns the containers of spawned servers, running or not.
func (e *Engine) Servers(ctx context.Context) ([]Container, error) {
	found, err := e.docker.ContainerList(ctx, container.ListOptions{
		All: true,
		Filters: filters.NewArgs(
			filters.Arg("label", FleetLabel+"="+e.fleet),
			filters.Arg("label", RoleLabel+"="+roleServer)),
	})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	var all []Container
	for _, summary := range found {
		port, err := strconv.Atoi(summary.Labels[PortLabel])
		if err != nil || len(summary.Names) == 0 {
			continue
		}
		address, _ := published(summary.Ports, port)
		all = append(all, Container{
			Name:    summary.Names[0][1:], // Docker writes a slash first
			Port:    port,
			Address: address,
			Running: summary.State == container.StateRunning,
			Version: summary.Labels[VersionLabel],
		})
	}
	return all, nil
}

// Compose's labels (Compose, "pkg/api/labels.go").
const (
	composeProject = "com.docker.compose.project"
	composeService = "com.docker.compose.service"
	composeConfig  = "com.docker.compose.config-hash"
	composeOneOff  = "com.docker.compose.oneoff" // True for docker compose run
)

// FirstServer identifies the code and settings that the first server runs, by
// its image and Compose's hash of its configuration. It returns "" while the
// first server does not run.
func (e *Engine) FirstServerVersion(ctx context.Context) (string, error) {
	found, err := e.docker.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", composeProject+"="+e.fleet),
		filters.Arg("label", composeService+"=webapp"),
		filters.Arg("label", composeOneOff+"=False"))})
	if err != nil {
		return "", fmt.Errorf("listing containers: %w", err)
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0].ImageID + " " + found[0].Labels[composeConfig], nil
}

// Remove stops the container with SIGTERM, and after grace with SIGKILL, and
// removes it and its image. It is not an error if they are already gone; it is
// one if they belong to somebody else.
func (e *Engine) Remove(ctx context.Context, name, imageName string, grace time.Duration) error {
	if err := e.removeContainer(ctx, name, grace); err != nil {
		return err
	}
	return e.removeImage(ctx, imageName)
}

func (e *Engine) removeContainer(ctx context.Context, name string, grace time.Duration) error {
	found, err := e.docker.ContainerInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("inspecting container %s: %w", name, err)
	}
	if found.Config.Labels[FleetLabel] != e.fleet {
		return fmt.Errorf("removing container %s: it has no label %s=%s, so it does not belong to this system",
			name, FleetLabel, e.fleet)
	}
	seconds := int(grace.Seconds())
	if err := e.docker.ContainerStop(ctx, found.ID, container.StopOptions{Timeout: &seconds}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("stopping container %s: %w", name, err)
	}
	err = e.docker.ContainerRemove(ctx, found.ID, container.RemoveOptions{RemoveVolumes: true, Force: true})
	switch {
	case err == nil || errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err): // its removal is under way, for a caller that may have died since
		return e.awaitRemoval(ctx, name, found.ID)
	}
	return fmt.Errorf("removing container %s: %w", name, err)
}

func (e *Engine) removeImage(ctx context.Context, name string) error {
	found, err := e.docker.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("inspecting image %s: %w", name, err)
	}
	if found.Config == nil || found.Config.Labels[ImageLabel] != e.fleet {
		return fmt.Errorf("removing image %s: it has no label %s=%s, so it does not belong to this system",
			name, ImageLabel, e.fleet)
	}
	_, err = e.docker.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("removing image %s: %w", name, err)
	}
	return nil
}
