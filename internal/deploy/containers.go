package deploy

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// containers is the containers of a colour, and what the lists say about them.
type containers struct {
	colour   colour
	all      []engine.Release
	listed   []fleet.Server // requests go there
	draining []fleet.Server // their last requests may still run
}

func (d *Deployer) containers(ctx context.Context) (containers, error) {
	all, err := d.docker.Releases(ctx, d.colour.name)
	if err != nil {
		return containers{}, err
	}
	listed, draining, err := d.rotation.Read(ctx)
	if err != nil {
		return containers{}, fmt.Errorf("no answer from Redis (make up starts it): %w", err)
	}
	return containers{d.colour, all, listed, draining}, nil
}

// current returns the release that has the requests: the one that runs and is
// listed or, if the lists were lost, the one with the app's name.
func (c containers) current(app string) (engine.Release, bool) {
	for _, release := range c.all {
		if release.Running && c.isListed(release) {
			return release, true
		}
	}
	for _, release := range c.all {
		if release.Running && release.Name == app {
			return release, true
		}
	}
	return engine.Release{}, false
}

// leftovers returns the containers that have no requests and will get none:
// candidates that nobody waits for any more, and releases that have drained.
// If no release runs, the listed one stays although it is dead: until another
// takes over it is the one that should run.
func (c containers) leftovers(current engine.Release) []engine.Release {
	return slices.DeleteFunc(slices.Clone(c.all), func(release engine.Release) bool {
		return release.ID == current.ID || current.ID == "" && c.isListed(release) ||
			release.Running && (c.isListed(release) || slices.Contains(c.draining, c.colour.server(release)))
	})
}

// isListed reports whether requests go to where the release is published.
func (c containers) isListed(release engine.Release) bool {
	return slices.Contains(c.listed, c.colour.server(release))
}

// used reports whether a container or a list has the port.
func (c containers) used(port int) bool {
	return onPort(c.listed, port) || onPort(c.draining, port) ||
		slices.ContainsFunc(c.all, func(release engine.Release) bool { return release.Port == port })
}

func onPort(servers []fleet.Server, port int) bool {
	return slices.ContainsFunc(servers, func(server fleet.Server) bool { return server.Port == port })
}

// freePorts returns the colour's ports on which nobody listens, starting after
// the one used last, so that none is reused soon.
func (d *Deployer) freePorts(ctx context.Context) ([]int, error) {
	c, err := d.containers(ctx)
	if err != nil {
		return nil, err
	}
	first := d.colour.site.First
	last := max(d.ledger.LastPort(), first-1)
	var free []int
	for i := range d.config.Ports {
		port := first + (last-first+1+i)%d.config.Ports
		if !c.used(port) && isFree(d.config.HostIP, port) {
			free = append(free, port)
		}
	}
	return free, nil
}

// isFree reports whether nobody listens on the port.
func isFree(host string, port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// server returns where a release is published: on HOST_IP, or on what that was
// when the release started.
func (c colour) server(release engine.Release) fleet.Server {
	site := c.site
	if release.Address != "" {
		site.Host = release.Address
	}
	return site.Server(release.Port)
}

// reaches reports whether the colour's proxy can have requests at the release: it
// passes over every server that is not on HOST_IP, or below the colour's ports.
func (c colour) reaches(release engine.Release) bool {
	_, err := c.site.Parse(c.server(release).URL)
	return err == nil
}

// isElsewhere reports whether a release is published at another address or port
// than the settings have now.
func (d *Deployer) isElsewhere(release engine.Release) bool {
	return !d.colour.reaches(release) || release.Port >= d.colour.site.First+d.config.Ports
}

// unreachableError is the failure of a switch to a candidate that was published
// before the settings changed.
type unreachableError struct{ at fleet.Server }

func (e *unreachableError) Error() string {
	return fmt.Sprintf("it is published at %s, and HOST_IP or the colour's ports have changed since", e.at.URL)
}
