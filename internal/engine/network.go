package engine

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// appsNetwork is where releases run: pushed code never shares a network with
// Redis.
func (e *Engine) appsNetwork() string { return e.fleet + "_apps" }

func (e *Engine) ensureAppsNetwork(ctx context.Context) error {
	name := e.appsNetwork()
	_, err := e.docker.NetworkInspect(ctx, name, network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		_, err = e.docker.NetworkCreate(ctx, name, network.CreateOptions{Labels: map[string]string{FleetLabel: e.fleet}})
	}
	if err != nil && !errdefs.IsConflict(err) {
		return fmt.Errorf("making the network %s: %w", name, err)
	}
	return nil
}

// RemoveAppsNetwork removes the apps' network once no container is on it. One
// that does not run counts, too: without its network it could not start again.
func (e *Engine) RemoveAppsNetwork(ctx context.Context) error {
	name := e.appsNetwork()
	found, err := e.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("network", name))})
	if err == nil && len(found) > 0 {
		return nil
	}
	if err == nil {
		err = e.docker.NetworkRemove(ctx, name)
	}
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("removing the network %s: %w", name, err)
	}
	return nil
}
