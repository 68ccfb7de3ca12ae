package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
)

// RemoveLayer removes an image that has no name, on which nothing is built, and
// that was made after a time. It reports whether the image is gone.
func (e *Engine) RemoveLayer(ctx context.Context, id string, after time.Time) (gone bool, err error) {
	found, err := e.docker.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("inspecting image %s: %w", id, err)
	}
	made, err := time.Parse(time.RFC3339Nano, found.Created)
	if err != nil || made.Before(after) || len(found.RepoTags)+len(found.RepoDigests) > 0 {
		return false, nil
	}
	_, err = e.docker.ImageRemove(ctx, found.ID, image.RemoveOptions{PruneChildren: false})
	if err == nil || errdefs.IsNotFound(err) {
		return true, nil
	}
	if errdefs.IsConflict(err) {
		return false, nil
	}
	return false, fmt.Errorf("removing image %s: %w", id, err)
}
