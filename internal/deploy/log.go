package deploy

import (
	"context"
	"fmt"
)

// History writes one line for each push, oldest first.
func (d *Deployer) History(context.Context) error {
	all, err := d.history.read()
	if err == nil && len(all) == 0 {
		d.out.line("nothing was pushed yet: git push %s main", d.colour.name)
	}
	for _, r := range all {
		d.out.line("%s", r)
	}
	return err
}

// Logs writes what the app prints, the last lines and then on until ctx ends.
func (d *Deployer) Logs(ctx context.Context, lines int, follow bool) error {
	if !readJSON(d.colour.state("current.json"), new(push)) {
		return d.nothingDeployed()
	}
	return d.engine.Logs(ctx, d.colour.app, lines, follow, d.out)
}

func (d *Deployer) nothingDeployed() error {
	return fmt.Errorf("nothing is deployed yet: git push %s main", d.colour.name)
}
