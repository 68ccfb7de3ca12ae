package deploy

import (
	"context"
	"fmt"
	"strings"

	"deux/internal/deploy/ledger"
)

// Forward runs what the pushed branch holds, as after a rollback, or after a push
// that failed when git had already moved the branch: its kept image, or a new
// build if there is none.
func (d *Deployer) Forward(ctx context.Context) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	ref, revision, err := d.held(ctx)
	if err != nil {
		return err
	}
	p := d.newPush(ctx, ref, revision)
	if d.runsAlready(ctx, p) {
		d.out.line("%s already runs what %s holds: %s", d.colour.app, branch(ref), revision)
		return nil
	}
	past, err := d.ledger.History()
	if err != nil {
		return err
	}
	for _, release := range ledger.Releases(past, d.config.Keep) {
		if release.Revision == revision {
			p.Built, p.Digest = release.Built, release.Digest
			break
		}
	}
	return d.bringBack(ctx, p, ledger.Forwarded, d.fail)
}

// sayForward says how to undo a rollback.
func (d *Deployer) sayForward(ctx context.Context, to string) {
	if ref, revision, err := d.held(ctx); err == nil && revision != to {
		d.out.line("%s still holds %s: bin/deploy forward %s runs that again", branch(ref), revision, d.colour.name)
	}
}

// heldStatus says if what runs is not what the pushed branch holds, as after a
// rollback.
func (d *Deployer) heldStatus(ctx context.Context, running string) {
	if ref, revision, err := d.held(ctx); err == nil && revision != running {
		d.out.line("  branch     %s holds %s %s: bin/deploy forward %s runs that", branch(ref), revision,
			d.repository.Subject(ctx, revision), d.colour.name)
	}
}

// howToBuild returns the command that builds a release again whose image is gone: a
// push of it, unless the pushed branch holds it already, so that it reaches no hook.
func (d *Deployer) howToBuild(ctx context.Context, p *ledger.Deployment) string {
	ref, revision, err := d.held(ctx)
	if err != nil {
		ref = p.Ref
	} else if revision == p.Revision {
		return "bin/deploy forward " + d.colour.name
	}
	return fmt.Sprintf("git push --force %s %s:%s", d.colour.name, p.Revision, branch(ref))
}

// sayConfiguration says that a rollback leaves the configuration as it is.
func (d *Deployer) sayConfiguration() {
	if now, err := d.env.Load(); err == nil && len(now.Names()) > 0 {
		d.out.line("It gets the current configuration, which a rollback does not change: %s", now)
	}
}

func branch(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }
