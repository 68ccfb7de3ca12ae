package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/deploy/images"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
)

// redisPatience is how long a switch waits for a Redis that is away.
const redisPatience = 10 * time.Second

// switchPause is how long to wait between two tries to switch.
const switchPause = 50 * time.Millisecond

// takeOver makes the healthy candidate the running release.
func (d *Deployer) takeOver(ctx context.Context, p *ledger.Deployment, result string) error {
	if err := d.follow(ctx, p, switchSteps); err != nil {
		return d.postpone(ctx, p, err)
	}
	d.clear(ctx, p)
	d.succeed(ctx, p, result)
	return nil
}

// clear removes what ran before. That it can't is no reason to refuse a push.
func (d *Deployer) clear(ctx context.Context, p *ledger.Deployment) {
	if err := d.follow(ctx, p, clearSteps); err != nil {
		d.out.line("warning: %s; the next push cleans up", oneLine(err.Error()))
	}
}

// postpone ends a push that could not switch to its candidate. While the
// candidate runs where requests can reach it, the next push or restore finishes
// the switch.
func (d *Deployer) postpone(ctx context.Context, p *ledger.Deployment, err error) error {
	state, failure := d.docker.State(ctx, p.Container)
	if failure != nil || !state.Running || errors.As(err, new(*unreachableError)) {
		return d.fail(ctx, p, d.orForward(ctx, p, err))
	}
	outcome := "finishes it"
	if p.Aim == ledger.Configured {
		outcome = "takes the change back"
	}
	d.endTry(ctx, p, err)
	d.out.line("DEPLOY FAILED %s switch %s: %s: bin/deploy restore %[1]s %[4]s", d.colour.name, p.Revision, oneLine(failureOf(err, "switch").err.Error()), outcome)
	return ErrRefused
}

// switchOver sends the requests to the candidate. Once the lists are switched it
// is the release that runs, whatever happens afterwards.
func (d *Deployer) switchOver(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Switching http://localhost:%d to %s", d.colour.proxyPort, d.colour.site.Server(p.Port).URL)
	state, err := d.docker.State(ctx, p.Container)
	if err == nil && !state.Running {
		err = health.Explain(ctx, d.docker, p.Container, health.Ended(state), d.colour.memoryName())
	}
	if err == nil {
		err = d.docker.Keep(ctx, p.Container)
	}
	if err == nil {
		err = d.list(ctx, p.Container, p.Port)
	}
	if err == nil {
		err = d.confirm(p)
	}
	return err
}

// confirm records what the lists have said since the switch. Done earlier, it
// would contradict them if this process died before the switch.
func (d *Deployer) confirm(p *ledger.Deployment) error {
	if err := d.ledger.SetCurrent(p); err != nil {
		return err
	}
	if err := d.ledger.MeanUp(); err != nil {
		return err
	}
	return d.agree(p.Generation)
}

// list makes the container on the port the only one in rotation.
func (d *Deployer) list(ctx context.Context, id string, port int) error {
	all, err := d.docker.Releases(ctx, d.colour.name)
	if err != nil {
		return err
	}
	var running []fleet.Server
	for _, release := range all {
		switch reached := d.colour.reaches(release); {
		case release.ID == id && !reached:
			return &unreachableError{d.colour.server(release)}
		case release.ID != id && reached && release.Running:
			running = append(running, d.colour.server(release))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	for range program.Pauses(ctx, switchPause, switchPause) {
		if err = d.rotation.Switch(ctx, d.colour.site.Server(port), running...); err == nil {
			break
		}
	}
	return err
}

// others returns the colour's containers except one.
func (d *Deployer) others(ctx context.Context, id string) ([]engine.Release, error) {
	all, err := d.docker.Releases(ctx, d.colour.name)
	return slices.DeleteFunc(all, func(release engine.Release) bool { return release.ID == id }), err
}

// stopOld lets the requests to the old release end, stops it with its grace,
// and gives its name to the new one.
func (d *Deployer) stopOld(ctx context.Context, p *ledger.Deployment) error {
	old, err := d.others(ctx, p.Container)
	if err != nil {
		return err
	}
	if err := d.passName(ctx, old, p.Container); err != nil {
		return err
	}
	if len(old) == 0 {
		d.out.step("Stopping %s: nothing to stop", d.colour.app)
	}
	for _, release := range old {
		d.out.step("Stopping the old %s, %s", d.colour.app, release.Revision)
		if err := d.drain(ctx, release, p); err != nil {
			return err
		}
		if err := d.stop(ctx, release); err != nil {
			return err
		}
	}
	return nil
}

// passName passes the app's name, such as blue-app, to the new container.
func (d *Deployer) passName(ctx context.Context, old []engine.Release, id string) error {
	for _, release := range old {
		if release.Name != d.colour.app {
			continue
		}
		if err := d.docker.Rename(ctx, release.ID, fmt.Sprintf("%s-%d", d.colour.app, release.Port)); err != nil {
			return err
		}
	}
	all, err := d.docker.Releases(ctx, d.colour.name)
	if err != nil || slices.ContainsFunc(all, func(r engine.Release) bool { return r.ID == id && r.Name == d.colour.app }) {
		return err
	}
	return d.docker.Rename(ctx, id, d.colour.app)
}

// succession is the drain list of a release that successor took over from. While
// Redis does not answer, the release counts as draining.
type succession struct {
	rotation
	successor fleet.Server
	err       error // of Redis, the last time
}

func (s *succession) IsDraining(ctx context.Context, server fleet.Server) (drains bool, err error) {
	drains, s.err = s.StillDrains(ctx, server, s.successor)
	return drains || s.err != nil, nil
}

// drain waits until the proxy has no request to the release in flight, but no
// longer than the drain timeout. It waits for a Redis that is away as well,
// because nobody comes back to a release that is left running here.
func (d *Deployer) drain(ctx context.Context, release engine.Release, successor *ledger.Deployment) error {
	if !release.Running || !d.colour.reaches(release) {
		return nil
	}
	server := d.colour.server(release)
	list := &succession{rotation: d.rotation, successor: d.colour.site.Server(successor.Port)}
	drained, err := fleet.WaitDrained(ctx, list, server, d.config.DrainTimeout)
	if err != nil || drained {
		return err
	}
	if list.err == nil {
		d.out.line("Requests to %s still ran after %v", server.URL, d.config.DrainTimeout)
	}
	return list.err
}

// removeOld removes the containers of the old releases.
func (d *Deployer) removeOld(ctx context.Context, p *ledger.Deployment) error {
	old, err := d.others(ctx, p.Container)
	if err != nil {
		return err
	}
	for _, release := range old {
		d.out.step("Removing the old %s", d.colour.app)
		if err := d.removeContainer(ctx, release); err != nil {
			return err
		}
	}
	return d.pruneConfigurations(ctx)
}

// removeImages passes the image's names, such as blue-image, to the running
// release, and removes the images of releases that are no longer kept.
func (d *Deployer) removeImages(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Removing the old %s, keeping the last %d", d.colour.image, d.config.Keep)
	return errors.Join(
		d.docker.Tag(ctx, d.digest(p), d.colour.image),
		d.docker.Tag(ctx, d.digest(p), d.name("latest")),
		d.pushLatest(ctx),
		d.prune(ctx, p))
}

func (d *Deployer) pushLatest(ctx context.Context) error {
	_, err := d.docker.Push(ctx, d.name("latest"))
	return err
}

// prune removes the images of releases that are no longer kept, here and in the
// registry.
func (d *Deployer) prune(ctx context.Context, running *ledger.Deployment) error {
	past, err := d.ledger.History()
	if err != nil {
		return err
	}
	return d.images().Prune(ctx, ledger.Releases(append(past, running.Record), d.config.Keep))
}

func (d *Deployer) images() images.Images {
	return images.Images{Docker: d.docker, Layers: d.layers, Colour: d.colour.name, Repository: d.colour.repository}
}
