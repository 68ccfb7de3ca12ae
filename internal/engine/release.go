package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/go-connections/nat"
)

// Labels of what a push makes. Images lack RoleLabel, FleetLabel and PortLabel:
// a container inherits its image's labels, and one that a person starts from a
// release's image to look into it does not belong to the system.
const (
	ColourLabel   = "deux.colour"
	RevisionLabel = "deux.revision"
	TimeLabel     = "deux.time"    // when the push was built (RFC 3339)
	DigestLabel   = "deux.digest"  // on containers: of the image they run
	RuntimeLabel  = "deux.runtime" // on containers: what they were started with, Runtime.String
	// GenerationLabel, on containers: the configuration of the app that they got.
	GenerationLabel = "deux.generation"
)

const roleRelease = "release"

// ErrPortTaken means that something else already listens on the port.
var ErrPortTaken = errors.New("the port is taken")

// Release is a container that runs what somebody pushed.
type Release struct {
	ID       string
	Name     string
	Colour   string
	Revision string
	Digest   string // sha256:…, of the image in the registry
	Time     string // RFC 3339
	Port     int    // on the host
	Address  string // of the host, on which the port is published; empty for every address, or unless it runs
	AppPort  int    // in the container; 0 unless it runs
	Running  bool
	Runtime  string // Runtime.String of what it was started with
	// Generation is the generation of the app's configuration; 0 without one.
	Generation int
}

// Releases returns the containers of one colour's releases, running or not.
func (e *Engine) Releases(ctx context.Context, colour string) ([]Release, error) {
	return e.releases(ctx, filters.Arg("label", ColourLabel+"="+colour))
}

func (e *Engine) releases(ctx context.Context, more ...filters.KeyValuePair) ([]Release, error) {
	found, err := e.docker.ContainerList(ctx, container.ListOptions{
		All: true,
		Filters: filters.NewArgs(append(more,
			filters.Arg("label", FleetLabel+"="+e.fleet),
			filters.Arg("label", RoleLabel+"="+roleRelease))...),
	})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	var all []Release
	for _, summary := range found {
		port, err := strconv.Atoi(summary.Labels[PortLabel])
		if err != nil || len(summary.Names) == 0 {
			continue
		}
		address, appPort := published(summary.Ports, port)
		all = append(all, Release{
			ID:       summary.ID,
			Name:     summary.Names[0][1:], // Docker writes a slash first
			Colour:   summary.Labels[ColourLabel],
			Revision: summary.Labels[RevisionLabel],
			Digest:   summary.Labels[DigestLabel],
			Time:     summary.Labels[TimeLabel],
			Port:     port,
			Address:  address,
			AppPort:  appPort,
			Running:  summary.State == container.StateRunning,
			Runtime:  summary.Labels[RuntimeLabel],
			// A release older than configurations has no label, and got none.
			Generation: number(summary.Labels[GenerationLabel]),
		})
	}
	return all, nil
}

// published returns the container's port that is published on a port of the host,
// and on which address if that is one alone.
func published(ports []container.Port, public int) (address string, private int) {
	for _, port := range ports {
		if int(port.PublicPort) != public {
			continue
		}
		if one, err := netip.ParseAddr(port.IP); err == nil && !one.IsUnspecified() {
			address = one.String()
		}
		return address, int(port.PrivatePort)
	}
	return "", 0
}

// number returns the number in the text, or 0.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// Start runs the release's image from the repository, published on
// host:release.Port, and returns the container's id. The container is on a
// network for apps only, and is not started again when it ends until Keep says
// so. If the engine has no init, the container gets none. Start returns
// ErrPortTaken, and leaves nothing behind, if something else has the port.
func (e *Engine) Start(ctx context.Context, release Release, runtime Runtime, repository, host string) (string, error) {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return "", fmt.Errorf("publishing on HOST_IP: %w", err)
	}
	if err := e.ensureAppsNetwork(ctx); err != nil {
		return "", err
	}
	created, err := e.create(ctx, release, runtime, repository, address)
	if err != nil {
		return "", fmt.Errorf("creating container %s: %w", release.Name, err)
	}
	err = e.ownVolumes(ctx, created.ID, runtime.Mounts)
	if err == nil {
		err = e.docker.ContainerStart(ctx, created.ID, container.StartOptions{})
	}
	if err != nil {
		_ = e.removeContainer(context.WithoutCancel(ctx), created.ID, 0)
		if portTaken(err) {
			return "", ErrPortTaken
		}
		if runtime.Init && !e.hasInit(ctx) {
			runtime.Init = false
			return e.Start(ctx, release, runtime, repository, host)
		}
		return "", fmt.Errorf("starting container %s: %w", release.Name, err)
	}
	return created.ID, nil
}

// create makes the release's container, which does not run yet.
func (e *Engine) create(ctx context.Context, release Release, runtime Runtime, repository string, host netip.Addr) (container.CreateResponse, error) {
	port := nat.Port(fmt.Sprintf("%d/tcp", release.AppPort))
	hostConfig := &container.HostConfig{
		NetworkMode:  container.NetworkMode(e.appsNetwork()),
		PortBindings: nat.PortMap{port: {{HostIP: host.String(), HostPort: strconv.Itoa(release.Port)}}},
		Mounts:       runtime.Mounts,
		Init:         &runtime.Init,
	}
	runtime.Limits.apply(hostConfig)
	return e.docker.ContainerCreate(ctx,
		&container.Config{
			Image:        repository + "@" + release.Digest,
			Env:          runtime.Env,
			ExposedPorts: nat.PortSet{port: {}},
			Labels: map[string]string{
				FleetLabel: e.fleet, RoleLabel: roleRelease, PortLabel: strconv.Itoa(release.Port),
				ColourLabel: release.Colour, RevisionLabel: release.Revision,
				DigestLabel: release.Digest, TimeLabel: release.Time,
				GenerationLabel: strconv.Itoa(release.Generation), RuntimeLabel: runtime.String(),
			},
		}, hostConfig, nil, nil, release.Name)
}

// portTaken reads Docker's message: the API gives no other hint.
func portTaken(err error) bool {
	return strings.Contains(err.Error(), "port is already allocated") ||
		strings.Contains(err.Error(), "address already in use")
}

// Keep has Docker start the container again whenever it ends, until somebody
// stops it.
func (e *Engine) Keep(ctx context.Context, id string) error {
	policy := container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}
	if _, err := e.docker.ContainerUpdate(ctx, id, container.UpdateConfig{RestartPolicy: policy}); err != nil {
		return fmt.Errorf("setting the restart policy: %w", err)
	}
	return nil
}

// Rename gives the container another name.
func (e *Engine) Rename(ctx context.Context, id, name string) error {
	if err := e.docker.ContainerRename(ctx, id, name); err != nil {
		return fmt.Errorf("renaming a container to %s: %w", name, err)
	}
	return nil
}

// NameTaken reports whether the name belongs to a container that no push made.
func (e *Engine) NameTaken(ctx context.Context, name string) (bool, error) {
	found, err := e.docker.ContainerInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("inspecting container %s: %w", name, err)
	}
	labels := found.Config.Labels
	return labels[FleetLabel] != e.fleet || labels[RoleLabel] != roleRelease, nil
}

// Stop ends the container with SIGTERM, and after grace with SIGKILL. It is not
// an error if the container does not run or is gone.
func (e *Engine) Stop(ctx context.Context, id string, grace time.Duration) error {
	seconds := int(grace.Seconds())
	err := e.docker.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("stopping a container: %w", err)
	}
	return nil
}

// RemoveRelease removes a container of the system with its volumes, running or
// not.
func (e *Engine) RemoveRelease(ctx context.Context, id string) error {
	return e.removeContainer(ctx, id, 0)
}
