package status

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"deux/internal/engine"
	"deux/internal/overview"
	"deux/internal/program"
)

const (
	waitPause    = 300 * time.Millisecond // between two rounds
	checkTimeout = 5 * time.Second        // for a container's own check
)

// What Wait waits for besides the other services.
const (
	redis          = "redis"
	infrastructure = "infrastructure"
	aServer        = "a-listed-server"
)

// Wait returns when every service and infrastructure are healthy and a web
// server is listed. It says what it waits for. If that takes longer than
// patience, it shows the last log lines of what is missing, and the error names
// it.
func (s *System) Wait(ctx context.Context, patience time.Duration, out io.Writer) error {
	last := ""
	for end := time.Now().Add(patience); ; {
		containers := s.services(ctx)
		missing := s.missing(ctx, containers)
		if len(missing) == 0 {
			return nil
		}
		names := strings.Join(missing, " ")
		if names != last {
			fmt.Fprintf(out, "    waiting for %s\n", names)
		}
		last = names
		if time.Now().After(end) {
			s.lastWords(ctx, missing, containers, out)
			return fmt.Errorf("not healthy after %v: %s (see make logs)", patience, names)
		}
		if !program.Sleep(ctx, waitPause) {
			return ctx.Err()
		}
	}
}

// services returns the containers that Compose runs, by service.
func (s *System) services(ctx context.Context) map[string]engine.Usage {
	all, _ := s.Docker.Containers(ctx) // without any, all are missing
	found := make(map[string]engine.Usage)
	for _, usage := range all {
		if usage.Service != "" {
			found[usage.Service] = usage
		}
	}
	return found
}

// missing returns what is not healthy.
func (s *System) missing(ctx context.Context, containers map[string]engine.Usage) []string {
	names := s.sick(ctx, containers)
	o, err := s.reader.Look(ctx)
	switch {
	case err != nil && slices.Contains(names, redis):
		return names
	case err != nil:
		return append(names, redis)
	case !o.Beats():
		names = append(names, infrastructure)
	}
	if len(o.Pools[0].In(overview.Serving)) == 0 {
		names = append(names, aServer)
	}
	return names
}

// sick returns the services that are not healthy.
func (s *System) sick(ctx context.Context, containers map[string]engine.Usage) (names []string) {
	all := overview.ServicesOf(nil)
	healthy := make([]bool, len(all))
	var checks sync.WaitGroup
	for i, service := range all {
		checks.Go(func() { healthy[i] = s.isHealthy(ctx, containers[service.Name]) })
	}
	checks.Wait()
	for i, service := range all {
		if !healthy[i] {
			names = append(names, service.Name)
		}
	}
	return names
}

// isHealthy reports whether the container runs and passes its own HEALTHCHECK.
// It runs the check itself, because Docker first does so after 30 s.
func (s *System) isHealthy(ctx context.Context, container engine.Usage) bool {
	if container.State != engine.StateRunning || container.Health == engine.Healthy {
		return container.State == engine.StateRunning
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	state, err := s.Docker.State(ctx, container.ID)
	if err != nil || !state.Running || len(state.Check) == 0 {
		return err == nil && state.Running
	}
	code, _, err := s.Docker.Exec(ctx, container.ID, state.Check)
	return err == nil && code == 0
}
