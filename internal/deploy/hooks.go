package deploy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/program"
)

// deployedRefs are the refs that a push deploys, by rank: of several in one
// push, the one that comes first here counts.
var deployedRefs = []string{"refs/heads/main", "refs/heads/master"}

// Update is git's update hook: the ref is to move from the old revision to the
// new one, and does if Update returns nil (githooks(5)). It returns nil once a
// healthy candidate runs beside the old release.
func (d *Deployer) Update(ctx context.Context, ref, old, revision string) error {
	if !slices.Contains(deployedRefs, ref) || revision == repo.NoRevision {
		d.out.line("%s is stored, not deployed: %s", ref, notDeployed(revision))
		return nil
	}
	ctx, leave := d.withPusher(ctx)
	defer leave()
	p := d.newPush(ctx, ref, revision)
	unlock, err := d.lock(ctx)
	if err != nil {
		return d.refuse(ctx, p, err)
	}
	defer unlock()
	if d.outranked(p) {
		return nil
	}
	if err := d.begin(ctx, p, old); err != nil {
		return d.refuse(ctx, p, err)
	}
	if d.runsAlready(ctx, p) {
		d.out.line("%s already runs", revision)
		return nil
	}
	if err := d.announce(p); err != nil {
		return d.fail(ctx, p, err)
	}
	if err := d.follow(ctx, p, candidateSteps); err != nil {
		return d.fail(ctx, p, err)
	}
	p.Ready = true
	if err := d.ledger.Save(p); err != nil {
		return d.fail(ctx, p, err)
	}
	return nil
}

func notDeployed(revision string) string {
	if revision == repo.NoRevision {
		return "a deletion stops nothing that runs"
	}
	return "only pushes to main and master are"
}

// outranked reports whether the same push has a candidate for a ref that counts
// more, so that this ref just moves.
func (d *Deployer) outranked(p *ledger.Deployment) bool {
	other, under := d.inThisPush()
	if !under || rank(other.Ref) >= rank(p.Ref) {
		return false
	}
	d.sayOutranked(p, other)
	return true
}

// prepareFor is prepare for a push of a ref: a candidate that the same push has
// for a ref that counts less is dropped first.
func (d *Deployer) prepareFor(ctx context.Context, p *ledger.Deployment) error {
	if other, under := d.inThisPush(); under && rank(other.Ref) > rank(p.Ref) {
		d.sayOutranked(other, p)
		if err := d.ledger.Drop(); err != nil {
			return err
		}
	}
	return d.prepare(ctx)
}

// inThisPush returns the candidate that the same push already has, if there is one.
func (d *Deployer) inThisPush() (*ledger.Deployment, bool) {
	other, under := d.ledger.UnderWay()
	return other, under && other.Ready && other.Git == d.git
}

// rank is a ref's place in deployedRefs.
func rank(ref string) int { return slices.Index(deployedRefs, ref) }

func (d *Deployer) sayOutranked(p, by *ledger.Deployment) {
	d.out.line("%s is stored, not deployed: %s is in the same push and counts more", p.Ref, by.Ref)
}

// begin makes sure that a push can be deployed, and finishes or removes what an
// earlier one left.
func (d *Deployer) begin(ctx context.Context, p *ledger.Deployment, old string) error {
	if err := d.repository.CheckHooks(); err != nil {
		return err
	}
	now, err := d.repository.Resolve(ctx, p.Ref)
	if err != nil {
		return err
	}
	if now != old {
		return outrun(p, now)
	}
	return d.prepareFor(ctx, p)
}

// outrun explains the refusal of a push whose ref has moved since git looked:
// git would refuse to move it, too.
func outrun(p *ledger.Deployment, now string) error {
	if now == p.Revision {
		return fmt.Errorf("another push has just moved %s to this revision: nothing is left to push", p.Ref)
	}
	return fmt.Errorf("another push has moved %s to %s meanwhile: git pull, then push again", p.Ref, now)
}

// runsAlready reports whether the pushed revision already runs, as when another
// ref moves to it.
func (d *Deployer) runsAlready(ctx context.Context, p *ledger.Deployment) bool {
	running, deployed := d.ledger.Current()
	if !deployed || running.Revision != p.Revision {
		return false
	}
	c, err := d.containers(ctx)
	if err != nil {
		return false
	}
	current, runs := c.current(d.colour.app)
	return runs && current.Digest == running.Digest && d.colour.reaches(current)
}

// withPusher returns a context that ends with errGone when the pusher is gone:
// nobody reads the output, or the git process that runs this hook has ended.
func (d *Deployer) withPusher(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	d.out.gone = func() { cancel(errGone) }
	go func() {
		for d.git.Alive() {
			if !program.Sleep(ctx, 4*ledger.LockPause) {
				return
			}
		}
		cancel(errGone)
	}()
	return ctx, func() { cancel(nil) }
}

// PostReceive is git's post-receive hook: refs have moved, and stdin has a line
// OLD NEW REF for each (githooks(5)). It makes what runs equal what the ref
// says. Nothing can refuse that any more, with or without the pusher.
func (d *Deployer) PostReceive(ctx context.Context, stdin io.Reader) error {
	ctx = context.WithoutCancel(ctx)
	ref, deleted, err := deployable(stdin)
	if err != nil || ref == "" && !deleted {
		return err
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if ref == "" {
		d.remind(ctx)
		return nil
	}
	revision, err := d.repository.Resolve(ctx, ref)
	if err != nil || revision == repo.NoRevision {
		return err
	}
	return d.deploy(ctx, ref, revision)
}

// deployable returns the ref to deploy of those that moved, or "", and whether one
// was deleted that a push of it would deploy.
func deployable(stdin io.Reader) (ref string, deleted bool, err error) {
	best := len(deployedRefs)
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || rank(fields[2]) < 0 {
			continue
		}
		if fields[1] == repo.NoRevision {
			deleted = true
		} else {
			best = min(best, rank(fields[2]))
		}
	}
	if best < len(deployedRefs) {
		ref = deployedRefs[best]
	}
	return ref, deleted, lines.Err()
}

// deploy runs the revision that the ref moved to. If there is no candidate, as
// when the update hook is switched off, it makes one.
func (d *Deployer) deploy(ctx context.Context, ref, revision string) error {
	p, under := d.ledger.UnderWay()
	if !under || !p.Ready || p.Revision != revision {
		p = d.newPush(ctx, ref, revision)
		if err := d.prepareFor(ctx, p); err != nil {
			return d.refuse(ctx, p, err)
		}
		if d.runsAlready(ctx, p) {
			d.succeed(ctx, d.runningAs(ref), ledger.Deployed)
			return nil
		}
		if err := d.announce(p); err != nil {
			return d.fail(ctx, p, d.orForward(ctx, p, err))
		}
		if err := d.follow(ctx, p, candidateSteps); err != nil {
			return d.fail(ctx, p, d.orForward(ctx, p, err))
		}
	}
	return d.takeOver(ctx, p, ledger.Deployed)
}

// runningAs returns a push of what already runs to the ref, from which it counts
// as deployed from now on: the ref before may be deleted next, as when a branch is
// renamed.
func (d *Deployer) runningAs(ref string) *ledger.Deployment {
	p, _ := d.ledger.Current()
	p.Ref = ref
	if err := d.ledger.SetCurrent(p); err != nil {
		d.out.line("warning: %v", err)
	}
	p.Time, p.Who, p.Aim, p.Steps, p.Changes = time.Now().UTC().Truncate(time.Second), who(), "", nil, nil
	return p
}
