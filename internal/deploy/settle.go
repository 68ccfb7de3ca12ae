package deploy

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/engine"
	"deux/internal/program"
)

// announce writes down what is about to be done. Before, it leaves a process that
// settles it if this one is killed: at no moment is something written down that
// nobody would come for.
func (d *Deployer) announce(p *ledger.Deployment) error {
	if err := d.watch(); err != nil {
		return err
	}
	return d.ledger.Save(p)
}

// leaveWatcher starts a process that outlives this hook, and that settles what
// is left if the hook or git is killed, so that nobody has to push again.
func (d *Deployer) leaveWatcher() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	watcher := exec.Command(self, "settle", d.colour.name, d.git.String())
	watcher.Dir = "/"
	watcher.Env = append(repo.WithoutGit(os.Environ()), "DEPLOY_DIR="+d.config.Dir)
	watcher.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := watcher.Start(); err != nil {
		return err
	}
	return watcher.Process.Release()
}

// settlePause is the longest pause between two tries to settle what is left.
const settlePause = time.Minute

// SettleLater waits until a process has ended, usually the git of a push, and
// settles what it left. It tries again until that is done or another push has
// taken over. The process is as its String wrote it.
func (d *Deployer) SettleLater(ctx context.Context, process string) (err error) {
	git := ledger.ReadProcess(process)
	for git.Alive() {
		if !program.Sleep(ctx, 4*ledger.LockPause) {
			return nil
		}
	}
	var over bool
	for try := range program.Pauses(ctx, 4*ledger.LockPause, settlePause) {
		if over, err = d.settleDead(ctx, git, try > 1); over {
			break
		}
	}
	return err
}

// settleDead settles the push of a git that ended, and reports whether nothing is
// left to do: again means that a try has failed, maybe after the push was written
// off. Between two tries it has no lock: a push of a person goes first.
func (d *Deployer) settleDead(ctx context.Context, git ledger.Process, again bool) (over bool, err error) {
	unlock, err := d.lock(ctx)
	if err != nil {
		return true, err // the repository is gone
	}
	defer unlock()
	if p, under := d.ledger.UnderWay(); under && p.Git != git || !under && !again {
		return true, nil
	}
	err = d.prepare(ctx)
	_, postponed := d.ledger.UnderWay()
	return err == nil && !postponed, err
}

// enter makes this the only process that works on the colour until leave, and
// prepares the colour.
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

// prepare makes sure that Docker and Redis answer, and then finishes or removes
// what an interrupted push left. Nothing else settles, so that while Docker or
// Redis is away nothing is taken for dead that just can't be seen.
func (d *Deployer) prepare(ctx context.Context) error {
	if err := d.ready(ctx); err != nil {
		return err
	}
	return d.settle(ctx)
}

// settle is for prepare: it finishes or writes off the push that died, and
// removes containers that nobody waits for.
func (d *Deployer) settle(ctx context.Context) error {
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	current, runs := c.current(d.colour.app)
	if runs && !c.isListed(current) && d.colour.reaches(current) && !d.ledger.IsDown() {
		if err := d.list(ctx, current.ID, current.Port); err != nil {
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
	postponed, _ := d.ledger.UnderWay() // a candidate whose switch failed again is waited for
	if err := d.removeLeftovers(ctx, postponed.Container); err != nil {
		return err
	}
	return d.pruneConfigurations(ctx)
}

// removeLeftovers removes the containers that nobody waits for, except one, and
// names the one that has the requests.
func (d *Deployer) removeLeftovers(ctx context.Context, awaited string) error {
	c, err := d.containers(ctx)
	if err != nil {
		return err
	}
	current, _ := c.current(d.colour.app)
	for _, leftover := range c.leftovers(current) {
		if leftover.ID == awaited {
			continue
		}
		d.out.line("Removing %s, which an interrupted push left", leftover.Name)
		if err := d.removeContainer(ctx, leftover); err != nil {
			return err
		}
	}
	return d.nameCurrent(ctx, current)
}

// nameCurrent gives the app's name to the release that has the requests, in case
// a push was interrupted before it did.
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

// agree makes the configuration of the container that has the requests the
// current one: if a process died between the two, the lists decide.
func (d *Deployer) agree(generation int) error {
	if !d.env.Has(generation) {
		return nil
	}
	return d.env.Use(generation)
}

// pruneConfigurations removes the generations that are not current and that no
// container got.
func (d *Deployer) pruneConfigurations(ctx context.Context) error {
	all, err := d.docker.Releases(ctx, d.colour.name)
	if err != nil {
		return err
	}
	var used []int
	for _, release := range all {
		used = append(used, release.Generation)
	}
	return d.env.Prune(used...)
}

// errInterrupted is the failure of a push whose process was killed.
var errInterrupted = errors.New("interrupted")

// finish ends a push that died. If the switch was done, it clears up; if the ref
// had moved or the switch had started, it switches over to the candidate;
// otherwise it records how far the push got.
func (d *Deployer) finish(ctx context.Context, dead *ledger.Deployment, current string) error {
	if dead.Container != "" && dead.Container == current {
		if err := d.confirm(dead); err != nil {
			return err
		}
		d.clear(ctx, dead)
		d.end(ctx, dead, cmp.Or(dead.Aim, ledger.Deployed), errors.New("interrupted after the switch"))
		return nil
	}
	now, err := d.repository.Resolve(ctx, dead.Ref)
	if err != nil {
		return err
	}
	if dead.Ready && now == dead.Revision || switching(dead) {
		d.out.line("Finishing the push of %s, which was interrupted", dead.Revision)
		_ = d.takeOver(ctx, dead, cmp.Or(dead.Aim, ledger.Deployed)) // if it can't, it says why
		return nil
	}
	return d.writeOff(ctx, dead)
}

// writeOff records how far a push got that died, once what it made is gone: its
// container, and then the volumes, which it held.
func (d *Deployer) writeOff(ctx context.Context, dead *ledger.Deployment) error {
	if err := d.removeLeftovers(ctx, ""); err != nil {
		return err
	}
	d.dropVolumes(ctx, dead)
	d.end(ctx, dead, ledger.Failed, &stepError{dead.Step, errInterrupted})
	return nil
}

// switching reports whether a healthy candidate was about to get the requests. A
// change of the configuration does not count: it is taken back instead.
func switching(dead *ledger.Deployment) bool {
	return dead.Step == switchSteps[0].name && dead.Aim != ledger.Configured
}
