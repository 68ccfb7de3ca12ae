package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/ledger"
)

// Configure changes what the app gets besides its image. A new container of the
// running release takes over with the change, without a build and without a gap.
// If it does not become healthy, everything stays as it was. If nothing runs,
// the change is kept for the next release.
func (d *Deployer) Configure(ctx context.Context, change appenv.Change) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	runs, err := d.settled(ctx)
	if err != nil {
		return err
	}
	generation, changes, err := d.write(change)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		d.out.line("Nothing changes: %s already has this configuration", d.colour.name)
		return nil
	}
	if !runs {
		return d.keep(ctx, generation, changes)
	}
	return d.reconfigure(ctx, generation, changes)
}

// settled settles what was under way, and reports whether the app has a
// container that a change of its configuration must reach. A container that
// ended counts: the change may be what it needs. Before the first push neither
// Docker nor Redis is asked.
func (d *Deployer) settled(ctx context.Context) (bool, error) {
	_, under := d.ledger.UnderWay()
	if !under && !d.ledger.HasCurrent() {
		return false, nil
	}
	all, err := d.docker.Releases(ctx, d.colour.name) // settling may remove one
	if err := d.prepare(ctx); err != nil {
		return false, err
	}
	return len(all) > 0 && d.ledger.HasCurrent(), err
}

// write stores the configuration after the change, if it changes anything.
func (d *Deployer) write(change appenv.Change) (generation int, changes []string, err error) {
	now, err := d.env.Load()
	if err != nil {
		return appenv.None, nil, err
	}
	next, changes, err := now.With(change)
	if err != nil || len(changes) == 0 {
		return appenv.None, nil, err
	}
	generation, err = d.env.Write(next)
	return generation, changes, err
}

// keep makes a configuration current that no container gets yet.
func (d *Deployer) keep(ctx context.Context, generation int, changes []string) error {
	if err := errors.Join(d.env.Use(generation), d.env.Prune()); err != nil {
		return err
	}
	advice := d.howToDeploy(ctx) + " uses it"
	p, deployed := d.ledger.Current()
	if !deployed {
		p = d.newPush(ctx, "", neverDeployed)
	} else {
		advice = "bin/deploy restore " + d.colour.name + " starts it with this"
	}
	p.Time, p.Who, p.Steps, p.Changes = time.Now().UTC().Truncate(time.Second), who(), nil, changes
	d.end(ctx, p, ledger.Configured, nil)
	d.out.line("CONFIGURED %s %s: %s does not run; %s", d.colour.name, strings.Join(changes, " "), d.colour.app, advice)
	return nil
}

// neverDeployed stands for the revision in the history of a colour without one.
const neverDeployed = "-"

// reconfigure starts the running release again with the generation.
func (d *Deployer) reconfigure(ctx context.Context, generation int, changes []string) error {
	running, deployed := d.ledger.Current()
	if !deployed {
		return d.nothingDeployed(ctx)
	}
	p := d.newPush(ctx, running.Ref, running.Revision)
	p.Aim, p.Generation, p.Changes = ledger.Configured, generation, changes
	p.Built, p.Digest = running.Built, running.Digest
	err := d.undertake(p)
	if err == nil {
		d.out.step("Configuring %s: %s", d.colour.app, strings.Join(changes, " "))
		err = d.follow(ctx, p, againSteps)
	}
	if err != nil {
		defer func() { _ = d.pruneConfigurations(context.WithoutCancel(ctx)) }() // or the next settle does
		d.out.line("Taking the change back: %s keeps its configuration", d.colour.app)
		return d.fail(ctx, p, err)
	}
	return d.takeOver(context.WithoutCancel(ctx), p, ledger.Configured)
}

// undertake records what a person's command is about to do, and leaves a process
// that settles it if this one is killed.
func (d *Deployer) undertake(p *ledger.Deployment) error {
	d.git = d.self
	p.Git = d.git
	return d.announce(p)
}

// Configuration writes the names of the app's variables and files, or, with
// show, the variables with their values, in the form that set --from reads.
func (d *Deployer) Configuration(show bool) error {
	now, err := d.env.Load()
	if err != nil {
		return err
	}
	if len(now.Names()) == 0 {
		d.out.line("%s has no configuration: bin/deploy env %s set NAME=VALUE", d.colour.name, d.colour.name)
		return nil
	}
	if show {
		fmt.Fprint(d.out, now.Lines())
	}
	for _, name := range now.Names() {
		content, file := now.Files[name]
		switch {
		case file && show:
			d.out.line("# %s is the file %s/%s, %d bytes", name, secretsFolder, name, len(content))
		case file:
			d.out.line("%s  file %s/%s", name, secretsFolder, name)
		case !show:
			d.out.line("%s", name)
		}
	}
	return nil
}
