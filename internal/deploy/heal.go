package deploy

import (
	"context"

	"deux/internal/deploy/ledger"
)

// Heal is Restore for whoever notices that a release is not as it should be:
// an app that a person took down stays down, and a failure is an error for the
// caller, who tries again, and not a line of the history each time.
func (d *Deployer) Heal(ctx context.Context) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if d.ledger.IsDown() {
		return d.stayDown(ctx)
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	d.remind(ctx)
	if !d.ledger.HasCurrent() {
		d.out.line("%s: %v", d.colour.name, d.nothingDeployed())
		return d.unlist(ctx)
	}
	return d.restore(ctx, d.giveUp)
}

// stayDown sees to it that an app that is down has no requests.
func (d *Deployer) stayDown(ctx context.Context) error {
	if err := d.ready(ctx); err != nil {
		return err
	}
	d.remind(ctx)
	d.out.line("%s is down", d.colour.name)
	return d.unlist(ctx)
}

// giveUp removes what a failed attempt to bring a release back left.
func (d *Deployer) giveUp(ctx context.Context, p *ledger.Deployment, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	d.discard(ctx, p)
	_ = d.ledger.Drop()
	return err
}

// meanDown writes down that the app is not to run, and takes it off the lists.
// Where Redis is away it stays listed; the file counts more.
func (d *Deployer) meanDown(ctx context.Context) error {
	if !d.ledger.HasCurrent() {
		return nil
	}
	if err := d.ledger.MeanDown(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	if err := d.unlist(ctx); err != nil {
		d.out.line("warning: %v", err)
	}
	return nil
}

// unlist takes whatever is in the colour's rotation off it.
func (d *Deployer) unlist(ctx context.Context) error {
	listed, draining, err := d.rotation.Read(ctx)
	if err != nil {
		return err
	}
	for _, server := range append(listed, draining...) {
		if err := d.rotation.Forget(ctx, server); err != nil {
			return err
		}
	}
	return nil
}
