package deploy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// ErrUnwell means that an app that should run does not answer as it should,
// and that Status has said so.
var ErrUnwell = errors.New("unwell")

// Status writes what runs, where, whether it answers now, and what is under
// way. It returns ErrUnwell if the app should run but is not well.
func (d *Deployer) Status(ctx context.Context) error {
	var unwell error
	if running, deployed := d.ledger.Current(); deployed {
		d.out.line("%s: %s", d.colour.name, strings.TrimSpace(running.Revision+" "+d.repository.Subject(ctx, running.Revision)))
		d.out.line("  image      %s@%s", d.colour.repository, running.Digest)
		d.out.line("  deployed   %s by %s", running.Time.Format(time.RFC3339), running.Who)
		d.heldStatus(ctx, running.Revision)
		unwell = d.healthStatus(ctx)
		d.out.line("  configured %s", d.configurationStatus())
		d.out.line("  address    http://localhost:%d", d.colour.proxyPort)
	} else {
		d.out.line("%s: %v", d.colour.name, d.nothingDeployed(ctx))
	}
	if p, under := d.ledger.UnderWay(); under {
		d.out.line("  under way  %s by %s, at step %s", p.Revision, p.Who, p.Step)
	}
	return unwell
}

// configurationStatus describes the app's configuration, without values.
func (d *Deployer) configurationStatus() string {
	now, err := d.env.Load()
	switch {
	case err != nil:
		return "UNREADABLE: " + err.Error()
	case len(now.Names()) == 0:
		return "with nothing"
	}
	return now.String()
}

// healthStatus writes how the app is, and returns ErrUnwell if it is not well.
func (d *Deployer) healthStatus(ctx context.Context) error {
	if d.ledger.IsDown() {
		d.out.line("  health     down: bin/deploy restore %s brings it back", d.colour.name)
		return nil
	}
	listed, redis := d.listedNow(ctx)
	all, docker := d.docker.Releases(ctx, d.colour.name)
	release, found := holder(all, listed, d.colour.app)
	switch {
	case docker != nil:
		return d.unwell("unknown: no answer from Docker: %v", docker)
	case !found:
		return d.unwell("its container is GONE: infrastructure brings it back if it runs, otherwise bin/deploy restore %s does", d.colour.name)
	}
	server := d.colour.server(release)
	d.out.line("  container  %s, %s", release.Name, server.URL)
	d.memoryStatus(ctx, release.ID)
	if err := d.releaseHealth(ctx, release, server); err != nil {
		return err
	}
	switch {
	case redis != nil:
		d.out.line("  listed     unknown: no answer from Redis at %v (make up starts it)", d.config.Redis)
		return ErrUnwell
	case !d.colour.reaches(release):
		d.out.line("  listed     NO, HOST_IP or the colour's ports have changed since: bin/deploy restore %s releases it again", d.colour.name)
		return ErrUnwell
	case !slices.Contains(listed, server):
		d.out.line("  listed     NO: infrastructure lists it if it runs, otherwise bin/deploy restore %s does", d.colour.name)
		return ErrUnwell
	}
	return nil
}

func (d *Deployer) unwell(format string, values ...any) error {
	d.out.line("  health     "+format, values...)
	return ErrUnwell
}

// askTimeout is how long status waits for an answer.
const askTimeout = 3 * time.Second

// listedNow returns the servers in rotation.
func (d *Deployer) listedNow(ctx context.Context) ([]fleet.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	listed, _, err := d.rotation.Read(ctx)
	return listed, err
}

// holder returns the release that should have the requests, running or not: the
// one that is listed, else the one with the app's name.
func holder(all []engine.Release, listed []fleet.Server, app string) (engine.Release, bool) {
	at := slices.IndexFunc(all, func(r engine.Release) bool { return onPort(listed, r.Port) })
	if at < 0 {
		at = slices.IndexFunc(all, func(r engine.Release) bool { return r.Name == app })
	}
	if at < 0 {
		return engine.Release{}, false
	}
	return all[at], true
}

// releaseHealth writes the state of a container, and whether its app answers.
func (d *Deployer) releaseHealth(ctx context.Context, release engine.Release, server fleet.Server) error {
	condition, err := d.docker.Condition(ctx, release.ID)
	if err != nil {
		return d.unwell("unknown: %v", err)
	}
	if condition.State != engine.StateRunning {
		return d.unwell("NOT RUNNING: %s", stopped(condition))
	}
	start := time.Now()
	if err := well(ctx, server.URL, release.AppPort, condition, askTimeout); err != nil {
		return d.unwell("NOT HEALTHY: %v; %s", err, since(condition))
	}
	d.out.line("  health     answers, in %v; %s", time.Since(start).Round(time.Millisecond), since(condition))
	return nil
}

// well returns nil if the app at url answers well within the timeout.
func well(ctx context.Context, url string, port int, condition engine.Condition, timeout time.Duration) error {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := wellAnswered(health.Answers(within, url, port), condition)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("it HANGS, no answer within %v", timeout)
	}
	return err
}

// wellAnswered judges an answer as a push does: the image's HEALTHCHECK counts
// more than the status of GET /.
func wellAnswered(err error, condition engine.Condition) error {
	if condition.Health == engine.Unhealthy {
		return fmt.Errorf("its HEALTHCHECK fails: %s", condition.Check)
	}
	if unreachable := new(url.Error); condition.Health != "" && !errors.As(err, &unreachable) {
		return nil
	}
	return err
}

// stopped describes a container that does not run.
func stopped(condition engine.Condition) string {
	text := "its container is " + condition.State
	if condition.OutOfMemory {
		text += ", it was out of memory"
	}
	if condition.State != engine.StatePaused {
		text += fmt.Sprintf(", exit code %d", condition.ExitCode)
	}
	return text + again(condition)
}

func since(condition engine.Condition) string {
	return "since " + condition.Started.UTC().Format(time.RFC3339) + again(condition)
}

// again says how often Docker restarted a container.
func again(condition engine.Condition) string {
	if condition.Restarts == 0 {
		return ""
	}
	if condition.Restarts == 1 {
		return ", restarted once by Docker"
	}
	return fmt.Sprintf(", restarted %d times by Docker", condition.Restarts)
}

// memoryStatus says when the app was killed for exceeding its memory limit.
func (d *Deployer) memoryStatus(ctx context.Context, id string) {
	if last, kills := health.MemoryKills(ctx, d.docker, id); kills > 0 {
		d.out.line("  memory     processes killed in the last day for using more than %s: %d, the last at %s",
			d.colour.memoryName(), kills, last.UTC().Format(time.RFC3339))
	}
}
