package deploy

import (
	"context"
	"errors"

	"deux/internal/deploy/ledger"
)

// Heal is Restore for a program that notices that a release is not as it should
// be. An app that a person took down stays down. A failure is returned to the
// caller, which tries again, and is not written into the history each time.
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
		d.out.line("%s: %v", d.colour.name, d.nothingDeployed(ctx))
		return d.unlist(ctx)
	}
	return d.restore(ctx, d.giveUp)
}

// stayDown makes sure that an app that is down gets no requests.
func (d *Deployer) stayDown(ctx context.Context) error {
	if err := d.ready(ctx); err != nil {
		return err
	}
	d.remind(ctx)
	d.out.line("%s is down", d.colour.name)
	return d.unlist(ctx)
}

// giveUp removes what a failed attempt to bring back a release left. The reason
// that it returns is for a log, and so has nothing that the app printed.
func (d *Deployer) giveUp(ctx context.Context, p *ledger.Deployment, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	d.discard(ctx, p)
	d.endTry(ctx, p, err)
	_ = d.ledger.Drop()
	return errors.New(withoutOutput(err))
}

// meanDown records that the app is not to run, and takes it off the lists. If
// Redis is away it stays listed; the file counts more.
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

// unlist empties the colour's rotation.
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
