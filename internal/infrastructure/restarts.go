package infrastructure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"deux/internal/engine"
)

// countRestarts logs each time that Docker has restarted the release, once it
// runs: whether a look saw it down in between is chance.
func (a *app) countRestarts(ctx context.Context, id string, now engine.Condition) {
	if id != a.id {
		a.id, a.restarts, a.counted = id, now.Restarts, time.Now()
	}
	if now.State != engine.StateRunning {
		return
	}
	if now.Restarts > a.restarts {
		ended := a.ended(ctx)
		a.log.Warn("App ended and Docker started it again", "server", a.server.URL, "times", now.Restarts, "why", ended)
		why := ended + "; Docker started it again, " + often(now.Restarts) + " so far"
		a.complaints.report("noting a restart of "+a.colour, a.fleet.NoteRestart(ctx, a.colour, a.server, why))
	}
	a.restarts, a.counted = now.Restarts, time.Now()
}

// ended says that the release ended since it was last counted, and what to do
// if that was because of its memory limit. Docker no longer knows the exit code
// of a container that runs again. On a busy host it may hear of the kill only
// later: then bin/deploy status tells it, and this does not.
func (a *app) ended(ctx context.Context) string {
	if _, kills := a.docker.MemoryKills(ctx, a.id, a.counted); kills == 0 {
		return "it ended"
	}
	return fmt.Sprintf("it was killed for using more than its memory limit: raise %s_APP_MEMORY in .env, then make up, or have it use less",
		strings.ToUpper(a.colour))
}

// often says how often something happened.
func often(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
