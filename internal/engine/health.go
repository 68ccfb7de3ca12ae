package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// State is the state of a container.
type State struct {
	Running  bool
	ExitCode int
	Memory   bool     // it was killed for exceeding its memory limit
	Kept     bool     // Docker starts it again whenever it ends, see Keep
	Check    []string // the command of its image's HEALTHCHECK; nil without one
}

// State returns the state of a container.
func (e *Engine) State(ctx context.Context, id string) (State, error) {
	found, err := e.docker.ContainerInspect(ctx, id)
	if err != nil {
		return State{}, fmt.Errorf("inspecting a container: %w", err)
	}
	return State{
		Running:  found.State.Running && !found.State.Restarting,
		ExitCode: found.State.ExitCode,
		Memory:   found.State.OOMKilled,
		Kept:     found.HostConfig.RestartPolicy.Name == container.RestartPolicyUnlessStopped,
		Check:    checkCommand(found.Config),
	}, nil
}

// checkCommand returns what Docker would run for the HEALTHCHECK instruction
// (Dockerfile reference, "HEALTHCHECK" and "SHELL").
func checkCommand(config *container.Config) []string {
	if config.Healthcheck == nil || len(config.Healthcheck.Test) < 2 {
		return nil
	}
	kind, command := config.Healthcheck.Test[0], config.Healthcheck.Test[1:]
	if kind != "CMD-SHELL" {
		return command
	}
	shell := []string{"/bin/sh", "-c"}
	if len(config.Shell) > 0 {
		shell = config.Shell
	}
	return append(append([]string(nil), shell...), command...)
}

// mostOutput is how much of a command's output is kept, in bytes.
const mostOutput = 4 << 10

// Exec runs a command in the container and returns its exit code and the start
// of its output.
func (e *Engine) Exec(ctx context.Context, id string, command []string) (code int, output string, err error) {
	created, err := e.docker.ContainerExecCreate(ctx, id,
		container.ExecOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return 0, "", fmt.Errorf("running %s: %w", command[0], err)
	}
	stream, err := e.docker.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return 0, "", fmt.Errorf("running %s: %w", command[0], err)
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	var text bytes.Buffer
	_, _ = stdcopy.StdCopy(&text, &text, io.LimitReader(stream.Reader, mostOutput))
	_, _ = io.Copy(io.Discard, stream.Reader)
	done, err := e.docker.ContainerExecInspect(ctx, created.ID)
	if err != nil {
		return 0, "", fmt.Errorf("running %s: %w", command[0], err)
	}
	return done.ExitCode, strings.TrimSpace(text.String()), nil
}

// Logs writes the last lines that the container printed, all of them if lines
// is 0, and with follow also what it prints until ctx ends.
func (e *Engine) Logs(ctx context.Context, id string, lines int, follow bool, out io.Writer) error {
	tail := "all"
	if lines > 0 {
		tail = fmt.Sprint(lines)
	}
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: tail, Follow: follow}
	return e.copyLogs(ctx, id, options, out)
}
