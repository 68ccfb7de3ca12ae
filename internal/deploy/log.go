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

func (d *Deployer) nothingDeployed() error {
	return fmt.Errorf("nothing is deployed yet: git push %s main", d.colour.name)
}
