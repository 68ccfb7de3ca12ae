package infrastructure

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// app watches one colour's release.
type app struct {
	*watcher
	colour string
	log    *slog.Logger

	server   fleet.Server // the release that has the requests
	trouble  string       // what was logged about it; empty while it is well
	since    time.Time    // when that, or being well, started
	id       string       // its container, as last seen
	restarts int          // of that container, by Docker
	counted  time.Time    // when it last ran with that many
	repairs  int          // in a row
	repaired time.Time    // when the last one ended
}

// trouble is what is wrong with an app, and how to mend it.
type trouble struct {
	what string // for the log and the lists: nothing that the app printed
	// mend is nil if Docker mends it by itself or nothing can. It reports whether
	// it had anything to do.
	mend func(context.Context) (did bool, err error)
	// after is the earliest time to mend: a release needs time to start.
	after time.Time
}

// look compares one sight with what should be, then logs and mends.
func (a *app) look(ctx context.Context, seen sight) {
	listed, is := seen.lists.App(a.colour)
	a.server = listed.Server
	found := a.examine(ctx, seen, is)
	if ctx.Err() != nil {
		return
	}
	a.tell(found.what)
	a.mark(ctx, listed, found.what)
	a.mend(ctx, found)
}

// tell logs a trouble when it starts, changes and ends.
func (a *app) tell(what string) {
	if what == a.trouble {
		return
	}
	if what == "" {
		a.log.Info("App is well again", "server", a.server.URL, "after", time.Since(a.since).Round(time.Millisecond))
	} else {
		a.log.Warn("App in trouble", "server", a.server.URL, "why", what)
	}
	if what == "" || a.trouble == "" {
		a.since = time.Now()
	}
	a.trouble = what
}

// mark has the lists say whether the app fails, for the page and for status. It
// compares with what they say, so it also corrects what a flush or another
// poller left.
func (a *app) mark(ctx context.Context, listed fleet.ServerState, what string) {
	if listed.URL == "" {
		what = ""
	}
	if (what != "") != (listed.State == fleet.Failing) {
		a.complaints.report("marking "+a.colour, a.fleet.MarkApp(ctx, a.colour, a.server, what))
	}
}

// Pauses between two repairs of one app, and how long it must be well for the
// next trouble to count as new: as long as for Docker's own restarts (Docker,
// "Start containers automatically").
const (
	firstRepairPause = time.Second // tests set another
	maxRepairPause   = time.Minute
	wellAgain        = 10 * time.Second
)

// repairPause grows with every repair that did not help for long.
func (a *app) repairPause() time.Duration {
	if a.repairs == 0 {
		return 0
	}
	return min(a.watcher.firstRepairPause<<min(a.repairs-1, 10), maxRepairPause)
}

// mend repairs the app when it is time.
func (a *app) mend(ctx context.Context, found trouble) {
	now := time.Now()
	if found.what == "" && now.Sub(a.since) > wellAgain {
		a.repairs = 0
	}
	if found.mend == nil || now.Before(a.repaired.Add(a.repairPause())) || now.Before(found.after) {
		return
	}
	did, err := found.mend(ctx)
	a.complaints.report("mending "+a.colour, err)
	if did || err != nil {
		a.repairs++
		a.repaired = time.Now()
	}
}

// examine finds out what is wrong with the app, if anything.
func (a *app) examine(ctx context.Context, seen sight, listed bool) trouble {
	if !listed {
		return a.examineUnlisted(seen)
	}
	for _, release := range seen.found {
		if release.Colour != a.colour || release.Port != a.server.Port {
			continue
		}
		if a.isElsewhere(release) {
			return trouble{what: "its container is published on " + release.Address + ", not on HOST_IP", mend: a.bringBack}
		}
		return a.examineContainer(ctx, release)
	}
	return a.gone()
}

// isElsewhere reports whether a release is published on another address than the
// list says, as after a change of HOST_IP. No restart would change that.
func (a *app) isElsewhere(release engine.Release) bool {
	there := fleet.Site{Host: release.Address}
	return release.Address != "" && there.Server(release.Port) != a.server
}

func (a *app) gone() trouble {
	return trouble{what: "its container is gone", mend: a.bringBack}
}

// examineUnlisted looks for an app that runs but is in no list, as after
// FLUSHALL. Candidates and draining releases have names that end in a port.
func (a *app) examineUnlisted(seen sight) trouble {
	for _, release := range seen.found {
		if release.Colour == a.colour && release.Running && strings.HasSuffix(release.Name, a.colour+"-app") {
			return trouble{what: "it runs and is not listed", mend: a.bringBack}
		}
	}
	return trouble{}
}

// examineContainer asks Docker, and the app itself if its container runs.
func (a *app) examineContainer(ctx context.Context, release engine.Release) trouble {
	condition, err := a.docker.Condition(ctx, release.ID)
	if err == engine.ErrNoContainer {
		return a.gone()
	}
	if err != nil {
		return trouble{what: "Docker does not say how its container is: " + err.Error()}
	}
	a.countRestarts(ctx, release.ID, condition)
	switch condition.State {
	case engine.StateRunning:
		return a.examineRunning(ctx, release.ID, condition)
	case engine.StateRestarting:
		return trouble{what: "it ended" + ending(condition) + ", Docker starts it again"}
	case engine.StatePaused:
		return trouble{what: "its container is paused", mend: a.ifListed("Unpausing", func(ctx context.Context) error {
			return a.docker.Unpause(ctx, release.ID)
		})}
	}
	return trouble{what: "its container was stopped" + ending(condition), mend: a.ifListed("Starting", func(ctx context.Context) error {
		return a.docker.StartAgain(ctx, release.ID)
	})}
}
