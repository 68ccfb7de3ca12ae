package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
)

// roleOneOff is the RoleLabel of a container that runs one command beside a
// release. It is not taken for a release: it has no port and gets no requests.
const roleOneOff = "one-off"

// OwnerLabel, on one-off containers, names the process that waits for them.
const OwnerLabel = "deux.owner"

// OneOff is a command to run in a container of its own.
type OneOff struct {
	Colour   string
	Image    string   // REPOSITORY@sha256:…
	Command  []string // in place of the image's ENTRYPOINT and CMD
	Owner    string   // the process that waits for it
	Terminal bool     // its input and output are a terminal
	In       io.Reader
	Out, Err io.Writer // with Terminal, everything goes to Out
}

// Errors of a command that could not be started. Shells tell them apart too.
var (
	ErrNoCommand     = errors.New("there is no such command in the image")
	ErrNotExecutable = errors.New("the command is not executable")
)

// Attached is a one-off container with its input and output.
type Attached struct {
	ID     string
	engine *Engine
	oneOff OneOff
	stream types.HijackedResponse
}

// Attach makes a container for the command and does not start it. Docker removes
// it when it ends; before that, the caller does.
func (e *Engine) Attach(ctx context.Context, oneOff OneOff, runtime Runtime) (*Attached, error) {
	if err := e.ensureAppsNetwork(ctx); err != nil {
		return nil, err
	}
	init := true // a command that is process 1 would ignore SIGINT and SIGTERM (pid_namespaces(7))
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(e.appsNetwork()),
		Mounts:      runtime.Mounts, Init: &init, AutoRemove: true,
	}
	runtime.Limits.apply(host)
	created, err := e.docker.ContainerCreate(ctx, &container.Config{
		Image: oneOff.Image, Entrypoint: oneOff.Command, Env: runtime.Env,
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
		OpenStdin: true, StdinOnce: true, Tty: oneOff.Terminal,
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		Labels: map[string]string{
			FleetLabel: e.fleet, RoleLabel: roleOneOff, ColourLabel: oneOff.Colour, OwnerLabel: oneOff.Owner},
	}, host, nil, nil, "")
	if err != nil {
		return nil, fmt.Errorf("creating a container: %w", err)
	}
	attached := &Attached{ID: created.ID, engine: e, oneOff: oneOff}
	if err = e.ownVolumes(ctx, created.ID, runtime.Mounts); err == nil {
		attached.stream, err = e.docker.ContainerAttach(ctx, created.ID,
			container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	}
	if err != nil {
		_ = attached.Remove(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("attaching to a container: %w", err)
	}
	return attached, nil
}

// Run starts the command, passes its input and output on, and returns its exit
// code.
func (a *Attached) Run(ctx context.Context) (code int, err error) {
	defer a.stream.Close()
	ended, failed := a.engine.docker.ContainerWait(ctx, a.ID, container.WaitConditionNextExit)
	if err := a.engine.docker.ContainerStart(ctx, a.ID, container.StartOptions{}); err != nil {
		return 0, startError(err)
	}
	go func() {
		_, _ = io.Copy(a.stream.Conn, a.oneOff.In)
		_ = a.stream.CloseWrite()
	}()
	copied := make(chan struct{})
	go func() { a.copyOutput(); close(copied) }()
	select {
	case end := <-ended:
		<-copied
		return int(end.StatusCode), nil
	case err := <-failed:
		return 0, fmt.Errorf("waiting for the command: %w", err)
	}
}

func (a *Attached) copyOutput() {
	if a.oneOff.Terminal {
		_, _ = io.Copy(a.oneOff.Out, a.stream.Reader)
		return
	}
	_, _ = stdcopy.StdCopy(a.oneOff.Out, a.oneOff.Err, a.stream.Reader)
}

// startError reads Docker's message: the API gives no other hint.
func startError(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "executable file not found"), strings.Contains(text, "no such file or directory"):
		return ErrNoCommand
	case strings.Contains(text, "permission denied"), strings.Contains(text, "is a directory"):
		return ErrNotExecutable
	}
	return fmt.Errorf("starting the command: %w", err)
}

// Signal sends the command a signal, such as SIGINT.
func (a *Attached) Signal(ctx context.Context, name string) error {
	return a.engine.docker.ContainerKill(ctx, a.ID, name)
}

// Resize tells the command how large its terminal is.
func (a *Attached) Resize(ctx context.Context, width, height int) error {
	return a.engine.docker.ContainerResize(ctx, a.ID, container.ResizeOptions{Width: uint(width), Height: uint(height)})
}

// Remove ends the command at once, if it still runs, and removes its container.
func (a *Attached) Remove(ctx context.Context) error { return a.engine.RemoveOneOff(ctx, a.ID) }

// RemoveOneOff ends a one-off container at once and removes it. It is not an
// error if the container is gone.
func (e *Engine) RemoveOneOff(ctx context.Context, id string) error {
	err := e.docker.ContainerRemove(ctx, id, container.RemoveOptions{RemoveVolumes: true, Force: true})
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
		return fmt.Errorf("removing a container: %w", err)
	}
	return nil
}

// OneOffs returns the ids of a colour's one-off containers, each with its owner.
func (e *Engine) OneOffs(ctx context.Context, colour string) (owners map[string]string, err error) {
	found, err := e.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", FleetLabel+"="+e.fleet), filters.Arg("label", RoleLabel+"="+roleOneOff),
		filters.Arg("label", ColourLabel+"="+colour))})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	owners = make(map[string]string)
	for _, summary := range found {
		owners[summary.ID] = summary.Labels[OwnerLabel]
	}
	return owners, nil
}
