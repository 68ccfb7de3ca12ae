package deploy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/program"
)

// Pauses between two looks at a starting container.
const (
	firstHealthPause = 10 * time.Millisecond
	maxHealthPause   = 250 * time.Millisecond
)

// answerTimeout is what an app has to answer one look in.
const answerTimeout = 10 * time.Second

// prober asks a container how it is.
type prober interface {
	State(ctx context.Context, id string) (engine.State, error)
	Exec(ctx context.Context, id string, command []string) (code int, output string, err error)
}

// waitUntilHealthy returns when the candidate is healthy, or with the reason why
// it was not in time. It does not wait for a candidate that has ended.
func (d *Deployer) waitUntilHealthy(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Waiting until it is healthy, at most %v", d.colour.health)
	err := waitUntilHealthy(ctx, d.docker, p.Container, d.colour.site.Server(p.Port).URL, p.AppPort, d.colour.health)
	if errors.Is(err, errLate) {
		name := strings.ToUpper(d.colour.name)
		err = fmt.Errorf("%w (the limit is HEALTH_TIMEOUT, for %s alone %s_HEALTH_TIMEOUT: change it in .env, then make up)", err, d.colour.name, name)
	}
	return d.explainMemory(ctx, p.Container, err)
}

// errLate means that a candidate was not healthy in time.
var errLate = errors.New("not healthy within")

// waitUntilHealthy checks at url, where the container's port is published.
func waitUntilHealthy(ctx context.Context, docker prober, id, url string, port int, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := errors.New("no check was made")
	for range program.Pauses(ctx, firstHealthPause, maxHealthPause) {
		state, err := docker.State(ctx, id)
		if err == nil && !state.Running {
			return ended(state)
		}
		if err == nil {
			err = check(ctx, docker, id, url, port, state.Check)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
	}
	return fmt.Errorf("%w %v: %w", errLate, timeout, last)
}

// check makes one check: the image's own HEALTHCHECK, which Docker would first
// run only after its interval, half a minute by default, or, without one, a
// request over HTTP.
func check(ctx context.Context, docker prober, id, url string, port int, command []string) error {
	if command == nil {
		return answers(ctx, url, port)
	}
	code, output, err := docker.Exec(ctx, id, command)
	if err == nil && code != 0 {
		without := fmt.Sprintf("the image's HEALTHCHECK exits with %d", code)
		err = printed{without + ": " + oneLine(output), without}
	}
	return err
}

// answers returns nil if GET / is answered with a status below 500.
func answers(ctx context.Context, url string, port int) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	status, err := program.Probe(ctx, url+"/")
	if err != nil {
		return fmt.Errorf("no answer on port %d of the container (does the app listen there, on all addresses?): %w", port, err)
	}
	if status >= http.StatusInternalServerError {
		return fmt.Errorf("GET / answers %s", program.StatusText(status))
	}
	return nil
}
