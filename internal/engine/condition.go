package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

// ErrNoContainer means that the container no longer exists.
var ErrNoContainer = errors.New("the container is gone")

// Condition is the condition of a release's container.
type Condition struct {
	State       string    // one of the States
	Started     time.Time // when it last started
	Restarts    int       // how often Docker has started it again since a person created or started it
	ExitCode    int       // of the last run, while it does not run
	OutOfMemory bool      // whether the last run was killed because it used too much memory
	Health      string    // Docker's verdict by the image's HEALTHCHECK; empty without one
	Check       string    // the last output of that check, in one line
}

// States of a container (Docker Engine API, ContainerInspect).
const (
	StateRunning    = string(container.StateRunning)
	StatePaused     = string(container.StatePaused)
	StateRestarting = string(container.StateRestarting) // it ended, and Docker is about to start it again
	StateExited     = string(container.StateExited)
	StateCreated    = string(container.StateCreated)
)

// Healthy is the Health of a container whose last HEALTHCHECK passed.
const Healthy = string(container.Healthy)

// Unhealthy is the Health of a container whose HEALTHCHECK failed as many times
// in a row as its image allows.
const Unhealthy = string(container.Unhealthy)

// AllReleases returns the containers of all colours' releases, running or not.
func (e *Engine) AllReleases(ctx context.Context) ([]Release, error) { return e.releases(ctx) }

// Condition returns the condition of a container, or ErrNoContainer.
func (e *Engine) Condition(ctx context.Context, id string) (Condition, error) {
	found, err := e.docker.ContainerInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return Condition{}, ErrNoContainer
	}
	if err != nil {
		return Condition{}, fmt.Errorf("inspecting a container: %w", err)
	}
	condition := Condition{
		State:       string(found.State.Status),
		Restarts:    found.RestartCount,
		ExitCode:    found.State.ExitCode,
		OutOfMemory: found.State.OOMKilled,
	}
	condition.Started, _ = time.Parse(time.RFC3339Nano, found.State.StartedAt) // zero if it never started
	if health := found.State.Health; health != nil && health.Status != container.NoHealthcheck {
		condition.Health = string(health.Status)
		if last := len(health.Log) - 1; last >= 0 {
			condition.Check = strings.Join(strings.Fields(health.Log[last].Output), " ")
		}
	}
	return condition, nil
}

// Restart stops the container with SIGTERM, and after grace with SIGKILL, and
// starts it again.
func (e *Engine) Restart(ctx context.Context, id string, grace time.Duration) error {
	seconds := int(grace.Seconds())
	if err := e.docker.ContainerRestart(ctx, id, container.StopOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("restarting a container: %w", err)
	}
	return nil
}

// StartAgain starts a container that has ended.
func (e *Engine) StartAgain(ctx context.Context, id string) error {
	if err := e.docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return fmt.Errorf("starting a container again: %w", err)
	}
	return nil
}

// Unpause resumes the processes of a paused container.
func (e *Engine) Unpause(ctx context.Context, id string) error {
	if err := e.docker.ContainerUnpause(ctx, id); err != nil {
		return fmt.Errorf("unpausing a container: %w", err)
	}
	return nil
}
