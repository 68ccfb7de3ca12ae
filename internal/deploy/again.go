package deploy

import (
	"context"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// changing changes what the colour's app is given, as the only process that
// works on the colour.
func (d *Deployer) changing(ctx context.Context, change func() error) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return change()
}

// releaseAgain starts what runs once more, beside itself and with what it is
// given now, and switches to it once it is healthy. Where nothing runs, what
// comes next is given it.
func (d *Deployer) releaseAgain(ctx context.Context, what string) error {
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	if _, runs := c.current(d.colour.app); !runs || !d.ledger.HasCurrent() {
		d.out.line("Nothing of %s runs: the next release starts with it", d.colour.name)
		return nil
	}
	today, err := d.env.Current()
	if err != nil {
		return err
	}
	return d.reconfigure(ctx, today, []string{what})
}

// keepUp leaves the release that should run as it is, or releases it again
// where limits or volumes are others by now than it was started with.
func (d *Deployer) keepUp(ctx context.Context, should *ledger.Deployment, current engine.Release) error {
	now, err := d.runtime(ctx, should)
	if err != nil {
		return err
	}
	if current.Runtime == now.String() {
		d.out.line("%s runs %s", d.colour.app, current.Revision)
		return nil
	}
	d.out.line("%s runs %s with other limits or volumes than are set now: releasing it again", d.colour.app, current.Revision)
	return d.releaseAgain(ctx, "+limits")
}
