package deploy

import (
	"context"
	"fmt"
)

// History writes every push, oldest first, in lines of at most width columns.
func (d *Deployer) History(width int) error {
	all, err := d.ledger.History()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		d.out.line("nothing has been pushed yet: git push %s main", d.colour.name)
		return nil
	}
	d.out.line("%s", briefHeader())
	for _, r := range all {
		d.out.line("%s", brief(r, width))
	}
	return nil
}

// LongHistory writes one line for each push, oldest first, with all that is
// known about it, for scripts: fields are separated by two spaces.
func (d *Deployer) LongHistory() error {
	all, err := d.ledger.History()
	for _, r := range all {
		d.out.line("%s", r)
	}
	return err
}

func (d *Deployer) nothingDeployed(ctx context.Context) error {
	return fmt.Errorf("nothing is deployed yet: %s", d.howToDeploy(ctx))
}

// howToDeploy returns the command that deploys for the first time: a push, unless
// the branch already holds what a push that failed brought.
func (d *Deployer) howToDeploy(ctx context.Context) string {
	if _, _, err := d.held(ctx); err == nil {
		return "bin/deploy forward " + d.colour.name
	}
	return fmt.Sprintf("git push %s main", d.colour.name)
}
