package infrastructure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
)

// quickAnswer is how long an app may take before it counts as not answering.
// With the default interval that shows within three seconds. Tests set another.
const quickAnswer = 1200 * time.Millisecond

// examineRunning asks the app. An image's HEALTHCHECK counts as it does for a
// push, but the answer counts too, because a check runs only every half minute
// and requests would wait meanwhile.
func (a *app) examineRunning(ctx context.Context, id string, condition engine.Condition) trouble {
	// A release that has just started may take as long as a push would wait for
	// it, and longer after each restart that came too early.
	ready := condition.Started.Add(a.config.HealthTimeout[a.colour] + a.repairPause())
	restart := func(ctx context.Context) error { return a.docker.Restart(ctx, id, a.config.StopGrace) }
	quick, cancel := context.WithTimeout(ctx, a.quickAnswer)
	defer cancel()
	status, err := a.ask(quick, a.server)
	switch {
	case err != nil && timedOut(err):
		return trouble{what: fmt.Sprintf("it does not answer within %v", a.quickAnswer), mend: a.ifItHangs(restart), after: ready}
	case err != nil:
		return trouble{what: "it takes no requests", mend: a.ifListed("Restarting", restart), after: later(ready, a.since.Add(a.config.HangTimeout))}
	case condition.Health == engine.Unhealthy:
		return trouble{what: "its HEALTHCHECK fails: bin/deploy status shows what it prints", mend: a.ifListed("Restarting", restart), after: ready}
	case condition.Health == "" && status >= http.StatusInternalServerError:
		// It runs and says what is wrong: a restart helps as often as not, and
		// would end what it can still do.
		return trouble{what: "GET / answers " + program.StatusText(status)}
	}
	return trouble{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// ending says how the last run of a container ended.
func ending(condition engine.Condition) string {
	switch {
	case condition.OutOfMemory:
		return ", out of memory"
	case condition.ExitCode != 0:
		return fmt.Sprintf(" with exit code %d", condition.ExitCode)
	}
	return ""
}

// askApp asks what a push asks of a candidate, GET /, and returns the status of
// the answer.
func askApp(ctx context.Context, server fleet.Server) (status int, err error) {
	return program.Probe(ctx, server.URL+"/")
}
