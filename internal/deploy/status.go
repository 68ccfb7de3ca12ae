package deploy

import (
	"context"
	"fmt"
	"time"
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

// Status writes what runs, where, and what is under way.
func (d *Deployer) Status(ctx context.Context) error {
	var running push
	if !readJSON(d.colour.state("current.json"), &running) {
		d.out.line("%s: %v", d.colour.name, d.nothingDeployed())
		return nil
	}
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	d.out.line("%s: %s", d.colour.name, running.Revision)
	d.out.line("  image      %s@%s", d.colour.repository, running.Digest)
	d.out.line("  deployed   %s by %s", running.Time.Format(time.RFC3339), running.Who)
	d.out.line("  container  %s", d.containerStatus(c))
	d.memoryStatus(ctx, c)
	d.out.line("  address    http://localhost:%d", d.colour.proxyPort)
	if p, under := d.underWay(); under {
		d.out.line("  under way  %s by %s, at step %s", p.Revision, p.Who, p.Step)
	}
	return nil
}

func (d *Deployer) nothingDeployed() error {
	return fmt.Errorf("nothing is deployed yet: git push %s main", d.colour.name)
}

func (d *Deployer) containerStatus(c containers) string {
	current, runs := c.current(d.colour.app)
	switch {
	case !runs:
		return "NOT RUNNING: bin/deploy restore " + d.colour.name
	case !onPort(c.listed, current.Port):
		return fmt.Sprintf("%s runs but is not listed: bin/deploy restore %s", current.Name, d.colour.name)
	}
	return fmt.Sprintf("%s, %s", current.Name, d.colour.site.Server(current.Port).URL)
}
