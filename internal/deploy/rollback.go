package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// Rollback runs one of the kept releases again, without a build: the one before
// the one that runs, or the one whose revision starts with revision. The ref
// stays where it is: the next push goes on from there.
func (d *Deployer) Rollback(ctx context.Context, revision string) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	target, err := d.earlier(ctx, revision)
	if err != nil {
		return err
	}
	p := d.newPush(ctx, target.Ref, target.Revision)
	p.Aim, p.Built, p.Digest = ledger.RolledBack, target.Built, target.Digest
	d.sayConfiguration()
	if err = d.undertake(p); err == nil {
		err = d.follow(ctx, p, againSteps)
	}
	if failure := new(stepError); errors.As(err, &failure) && errors.Is(err, engine.ErrNotInRegistry) {
		failure.err = errors.New("its image is gone, as after make clean. To build it again: " + d.howToBuild(ctx, p))
	}
	if err != nil {
		return d.fail(ctx, p, err)
	}
	d.sayForward(ctx, p.Revision)
	return d.takeOver(context.WithoutCancel(ctx), p, ledger.RolledBack)
}

// earlier finds the release to go back to.
func (d *Deployer) earlier(ctx context.Context, revision string) (ledger.Record, error) {
	past, err := d.ledger.History()
	if err != nil {
		return ledger.Record{}, err
	}
	running, deployed := d.ledger.Current()
	if !deployed {
		return ledger.Record{}, d.nothingDeployed(ctx)
	}
	kept := ledger.Releases(past, d.config.Keep)
	others := slices.DeleteFunc(slices.Clone(kept), func(r ledger.Record) bool {
		return r.Digest == running.Digest || r.Revision == running.Revision // built again, because its image was gone
	})
	return choose(others, running.Built, revision)
}

// choose returns the newest release whose revision starts with the given one or,
// if none is given, the newest built before the one that runs, so that two
// rollbacks go back two releases.
func choose(others []ledger.Record, built time.Time, revision string) (ledger.Record, error) {
	sortNewestFirst(others)
	for _, release := range others {
		if revision != "" && strings.HasPrefix(release.Revision, revision) {
			return release, nil
		}
		if revision == "" && release.Built.Before(built) {
			return release, nil
		}
	}
	if revision == "" {
		return ledger.Record{}, errors.New("there is no earlier release to go back to")
	}
	return ledger.Record{}, fmt.Errorf("%s is not a kept release; these are: %s", revision, revisions(others))
}

// sortNewestFirst sorts releases by when they were built.
func sortNewestFirst(releases []ledger.Record) {
	slices.SortStableFunc(releases, func(a, b ledger.Record) int { return b.Built.Compare(a.Built) })
}

func revisions(all []ledger.Record) string {
	var names []string
	for _, release := range all {
		names = append(names, release.Revision)
	}
	return strings.Join(names, " ")
}

// Down ends the colour's containers; only Restore brings the release back. With
// clean, every image that a push made goes too, here and in the registry, and
// Restore builds again.
func (d *Deployer) Down(ctx context.Context, clean bool) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.meanDown(ctx); err != nil {
		return err
	}
	all, err := d.docker.Releases(ctx, d.colour.name)
	if err != nil {
		return err
	}
	for _, release := range all {
		d.out.step("Removing %s", release.Name)
		if err := d.stop(ctx, release); err != nil {
			return err
		}
		d.keepLog(ctx, release.ID, release.Revision)
		if err := d.docker.RemoveRelease(ctx, release.ID); err != nil {
			return err
		}
	}
	if err := d.endOneOffs(ctx); err != nil {
		return err
	}
	if err := d.docker.RemoveAppsNetwork(ctx); err != nil || !clean {
		return err
	}
	d.out.step("Removing the images of %s", d.colour.name)
	d.unregisterAll(ctx)
	return errors.Join(d.docker.Untag(ctx, d.colour.image), d.images().RemoveAll(ctx), d.sayKept(ctx))
}

// unregisterAll removes the colour's images from the registry. That it is away is
// no reason not to remove those of this host.
func (d *Deployer) unregisterAll(ctx context.Context) {
	past, err := d.ledger.History()
	if err == nil {
		err = d.images().UnregisterAll(ctx, past)
	}
	if err != nil {
		d.out.line("warning: %v: the registry keeps its images of %s", err, d.colour.name)
	}
}

// Restore brings back the release that should run: after make down, after an
// interrupted push, or when somebody removed its container. If its image is gone
// too, it is built again.
func (d *Deployer) Restore(ctx context.Context) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.ledger.MeanUp(); err != nil {
		return err
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	d.remind(ctx)
	return d.restore(ctx, d.fail)
}

// restore runs the release that should run, with the current configuration,
// unless it already does. If that fails, fail ends the attempt.
func (d *Deployer) restore(ctx context.Context, fail outcome) error {
	should, deployed := d.ledger.Current()
	if !deployed {
		d.out.line("%s: %v", d.colour.name, d.nothingDeployed(ctx))
		return nil
	}
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	today, err := d.env.Current()
	if err != nil {
		return err
	}
	if current, runs := c.current(d.colour.app); runs && current.Digest == should.Digest && current.Generation == today {
		if !d.isElsewhere(current) {
			return d.keepUp(ctx, should, current)
		}
		d.out.line("%s runs %s at %s, not where the settings have it now: releasing it again", d.colour.app, current.Revision, d.colour.server(current).URL)
	}
	p := d.newPush(ctx, should.Ref, should.Revision)
	p.Built, p.Digest = should.Built, should.Digest
	return d.bringBack(ctx, p, ledger.Restored, fail)
}

// outcome ends an attempt that failed, and returns why it did.
type outcome func(ctx context.Context, p *ledger.Deployment, err error) error

// bringBack runs a release from its image, or builds it again.
func (d *Deployer) bringBack(ctx context.Context, p *ledger.Deployment, result string, fail outcome) error {
	p.Aim = result
	err := d.undertake(p)
	if err == nil {
		err = d.again(ctx, p)
	}
	if err != nil {
		return fail(ctx, p, err)
	}
	return d.takeOver(context.WithoutCancel(ctx), p, result)
}

// again starts a candidate from the image of the digest or, if the registry says
// that it is gone, from a new one.
func (d *Deployer) again(ctx context.Context, p *ledger.Deployment) error {
	if p.Digest != "" {
		if err := d.follow(ctx, p, againSteps); !errors.Is(err, engine.ErrNotInRegistry) {
			return err
		}
	}
	d.out.line("No image of it is kept: building one")
	p.Built, p.Digest = time.Now().UTC(), ""
	return d.follow(ctx, p, candidateSteps)
}
