package deploy

import (
	"context"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// changing changes what the colour's app is given, while no other process works
// on the colour.
func (d *Deployer) changing(ctx context.Context, change func() error) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return change()
}

// releaseAgain starts a second container of the running release with what the
// app is given now, and switches to it once it is healthy. If nothing runs, the
// next release gets the change.
func (d *Deployer) releaseAgain(ctx context.Context, what string) error {
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	if _, runs := c.current(d.colour.app); !runs || !d.ledger.HasCurrent() {
		d.out.line("Nothing of %s runs: the next release starts with the change", d.colour.name)
		return nil
	}
	today, err := d.env.Current()
	if err != nil {
		return err
	}
	return d.reconfigure(ctx, today, []string{what})
}

// keepUp leaves the release that should run as it is, or releases it again if
// its limits or volumes have changed since it started.
func (d *Deployer) keepUp(ctx context.Context, should *ledger.Deployment, current engine.Release) error {
	now, err := d.runtime(ctx, should)
	if err != nil {
		return err
	}
	if current.Runtime == now.String() {
		d.out.line("%s runs %s", d.colour.app, current.Revision)
		return nil
	}
	d.out.line("%s runs %s with outdated limits or volumes: releasing it again", d.colour.app, current.Revision)
	return d.releaseAgain(ctx, "+limits")
}
