package engine

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/mount"
)

// ImageConfig is what an image says about how to run it.
type ImageConfig struct {
	Ports   []int    // TCP ports that it EXPOSEs, in ascending order
	Command []string // ENTRYPOINT and CMD together: the container's process 1
}

// ImageConfig returns what the image says about how to run it.
func (e *Engine) ImageConfig(ctx context.Context, reference string) (ImageConfig, error) {
	found, err := e.docker.ImageInspect(ctx, reference)
	if err != nil {
		return ImageConfig{}, fmt.Errorf("inspecting image %s: %w", reference, err)
	}
	if found.Config == nil {
		return ImageConfig{}, nil
	}
	config := ImageConfig{Command: slices.Concat(found.Config.Entrypoint, found.Config.Cmd)}
	for exposed := range found.Config.ExposedPorts {
		number, protocol, _ := strings.Cut(exposed, "/")
		if port, err := strconv.Atoi(number); err == nil && (protocol == "tcp" || protocol == "") {
			config.Ports = append(config.Ports, port)
		}
	}
	slices.Sort(config.Ports)
	return config, nil
}

// inits are the file names of programs made to be process 1. "init" is
// s6-overlay's, which refuses to be anything else.
var inits = []string{"tini", "tini-static", "dumb-init", "catatonit", "docker-init", "init", "my_init", "s6-svscan", "runit", "systemd"}

// HasInit reports whether the image brings its own init as process 1.
func (c ImageConfig) HasInit() bool {
	words := c.Command
	if len(words) >= 3 && path.Base(words[0]) == "sh" && words[1] == "-c" {
		words = strings.Fields(words[2])
		if len(words) > 0 && words[0] == "exec" {
			words = words[1:]
		}
	}
	return len(words) > 0 && slices.Contains(inits, path.Base(words[0]))
}

// hasInit reports whether the engine has an init to give to containers, which
// some distributions package separately. An engine without one gives N/A as its
// commit (Docker Engine API, SystemInfo). The answer takes an eighth of a second.
func (e *Engine) hasInit(ctx context.Context) bool {
	info, err := e.docker.Info(ctx)
	return err != nil || info.InitBinary != "" && info.InitCommit.ID != "N/A"
}

// ReadOnlyFile mounts a file of the host into a container, read-only.
func ReadOnlyFile(source, target string) mount.Mount {
	return mount.Mount{Type: mount.TypeBind, Source: source, Target: target, ReadOnly: true}
}

// Process is what matters about a container's process 1 when it ends.
type Process struct {
	Command  []string
	Signal   string // that asks it to end, such as SIGTERM
	ExitCode int
}

// Process returns a container's process 1, which may have ended.
func (e *Engine) Process(ctx context.Context, id string) (Process, error) {
	found, err := e.docker.ContainerInspect(ctx, id)
	if err != nil {
		return Process{}, fmt.Errorf("inspecting a container: %w", err)
	}
	process := Process{
		Command:  append([]string{found.Path}, found.Args...),
		Signal:   "SIGTERM",
		ExitCode: found.State.ExitCode,
	}
	if found.Config.StopSignal != "" {
		process.Signal = found.Config.StopSignal
	}
	return process, nil
}
