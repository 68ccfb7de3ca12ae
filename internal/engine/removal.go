package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"

	"deux/internal/program"
)

const (
	// removalTimeout is how long Docker may take to remove a container: on a
	// slow disk with large volumes that is longer than anybody retries.
	removalTimeout = 2 * time.Minute
	removalPause   = 100 * time.Millisecond
)

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
