package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"deux/internal/program"
)

const (
	// removalTimeout is how long Docker may take to remove a container: on a
	// slow disk with large volumes that is longer than anybody retries.
	removalTimeout = 2 * time.Minute
	removalPause   = 100 * time.Millisecond
)

// AwaitRemoval waits until Docker has removed the container, if it is about to:
// whoever asked for that may have died since.
func (e *Engine) AwaitRemoval(ctx context.Context, name string) error {
	found, err := e.docker.ContainerInspect(ctx, name)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("inspecting container %s: %w", name, err)
	case found.State == nil || found.State.Status != container.StateRemoving:
		return nil
	}
	return e.awaitRemoval(ctx, name, found.ID)
}

// awaitRemoval waits until Docker has removed a container, because its image can
// only go then.
func (e *Engine) awaitRemoval(ctx context.Context, name, id string) error {
	waiting, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	for range program.Pauses(waiting, removalPause, removalPause) {
		if _, err := e.docker.ContainerInspect(ctx, id); errdefs.IsNotFound(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("waiting for the removal of container %s: %w", name, err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("removing container %s: a removal is under way and has not ended within %s; restarting Docker ends it", name, removalTimeout)
}
