package engine

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
)

// TimedLogs writes what the container printed since a time, or all of it if
// since is zero, and with follow also what it prints until it or ctx ends. Each
// line starts with its time (RFC 3339) and a space.
func (e *Engine) TimedLogs(ctx context.Context, id string, since time.Time, follow bool, out io.Writer) error {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow}
	if !since.IsZero() {
		options.Since = since.Format(time.RFC3339Nano)
	}
	return e.copyLogs(ctx, id, options, out)
}

// copyLogs writes what the container printed until the log or ctx ends.
func (e *Engine) copyLogs(ctx context.Context, id string, options container.LogsOptions, out io.Writer) error {
	logs, err := e.docker.ContainerLogs(ctx, id, options)
	if err != nil {
		return fmt.Errorf("reading the log of a container: %w", err)
	}
	defer logs.Close()
	_, err = stdcopy.StdCopy(out, out, logs)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// MemoryKills returns when the kernel last killed a process of the container
// because of its memory limit, and how often since a time. Docker remembers only
// the host's last 256 events, so there may have been more.
func (e *Engine) MemoryKills(ctx context.Context, id string, since time.Time) (last time.Time, kills int) {
	messages, ended := e.docker.Events(ctx, events.ListOptions{
		Since: strconv.FormatInt(since.Unix(), 10), Until: strconv.FormatInt(time.Now().Unix(), 10),
		Filters: filters.NewArgs(filters.Arg("container", id), filters.Arg("event", "oom"))})
	for {
		select {
		case message := <-messages:
			last, kills = time.Unix(message.Time, 0), kills+1
		case <-ended:
			return last, kills
		}
	}
}
