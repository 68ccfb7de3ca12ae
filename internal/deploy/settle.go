package deploy

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/engine"
	"deux/internal/program"
)

// leaveWatcher starts a process that outlives this hook, and settles what it
// leaves if it, or git, is killed: nobody has to push again for it.
func (d *Deployer) leaveWatcher() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	watcher := exec.Command(self, "settle", d.colour.name)
	watcher.Dir = "/"
	watcher.Env = append(repo.WithoutGit(os.Environ()), "DEPLOY_DIR="+d.config.Dir)
	watcher.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := watcher.Start(); err != nil {
		return err
	}
	return watcher.Process.Release()
}

// SettleLater waits until the push that is under way has ended, or git has without
// it, and settles it then.
func (d *Deployer) SettleLater(ctx context.Context) error {
	p, under := d.ledger.UnderWay()
	for watched := p.Git; under && p.Git == watched && watched.Alive(); p, under = d.ledger.UnderWay() {
		if !program.Sleep(ctx, 4*ledger.LockPause) {
			return nil
		}
	}
	if !under || p.Git.Alive() {
		return nil
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return d.prepare(ctx)
}

// enter makes this process the only one that works on the colour, until leave,
// and prepares it.
func (d *Deployer) enter(ctx context.Context) (leave func(), err error) {
	unlock, err := d.lock(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// prepare makes sure that there is everything to work with, and then finishes or
// removes what an interrupted push left. Nothing else settles: while Docker or
// Redis is away, nothing is taken for dead that only can't be seen.
func (d *Deployer) prepare(ctx context.Context) error {
	if err := d.ready(ctx); err != nil {
		return err
	}
	return d.settle(ctx)
}

// settle is for prepare: it finishes or writes off the push
// that died here last, and removes containers that nobody waits for.
func (d *Deployer) settle(ctx context.Context) error {
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	current, runs := c.current(d.colour.app)
	if runs && !onPort(c.listed, current.Port) && !d.ledger.IsDown() {
		if err := d.list(ctx, d.colour.site.Server(current.Port)); err != nil {
			return err
		}
	}
	if runs {
		if err := d.agree(current.Generation); err != nil {
			return err
		}
	}
	if dead, left := d.ledger.UnderWay(); left {
		if err := d.finish(ctx, dead, current.ID); err != nil {
			return err
		}
	}
	if c, err = d.containers(ctx); err != nil {
		return err
	}
	current, _ = c.current(d.colour.app)
	for _, leftover := range c.leftovers(current) {
		d.out.line("Removing %s, which an interrupted push left", leftover.Name)
		if err := d.removeContainer(ctx, leftover); err != nil {
			return err
		}
	}
	if err := d.nameCurrent(ctx, current); err != nil {
		return err
	}
	return d.pruneConfigurations(ctx)
}

// nameCurrent gives the release that has the requests the app's name, if a push
// was interrupted before it did.
func (d *Deployer) nameCurrent(ctx context.Context, current engine.Release) error {
	if current.ID == "" || current.Name == d.colour.app {
		return nil
	}
	others, err := d.others(ctx, current.ID)
	if err != nil {
		return err
	}
	return d.passName(ctx, others, current.ID)
}

// errInterrupted is why a push failed whose process was killed.
var errInterrupted = errors.New("interrupted")

// finish ends a push that died: switches over to its candidate if its ref had
// moved or that had begun, clears up if the switch was done, and otherwise writes
// down how far it came.
func (d *Deployer) finish(ctx context.Context, dead *ledger.Deployment, current string) error {
	if dead.Container != "" && dead.Container == current {
		if err := d.confirm(dead); err != nil {
			return err
		}
		if err := d.follow(ctx, dead, clearSteps); err != nil {
			d.out.line("warning: %v; the next push clears it up", err)
		}
		d.end(dead, cmp.Or(dead.Aim, ledger.Deployed), errors.New("interrupted after the switch"))
		return nil
	}
	now, err := d.repository.Resolve(ctx, dead.Ref)
	if err != nil {
		return err
	}
	if dead.Ready && now == dead.Revision || switching(dead) {
		d.out.line("Finishing the push of %s, which was interrupted", dead.Revision)
		_ = d.takeOver(ctx, dead, cmp.Or(dead.Aim, ledger.Deployed)) // which says why when it can't
		return nil
	}
	d.end(dead, ledger.Failed, &stepError{dead.Step, errInterrupted})
	return nil
}

// switching reports whether a healthy candidate was about to get the requests. A
// change of the configuration is taken back instead.
func switching(dead *ledger.Deployment) bool {
	return dead.Step == switchSteps[0].name && dead.Aim != ledger.Configured
}
