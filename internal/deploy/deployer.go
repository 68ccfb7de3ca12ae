package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"time"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/layers"
	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// ErrRefused means that a push was refused, and that the pusher was told why.
var ErrRefused = errors.New("refused")

// errGone ends a push whose pusher went away.
var errGone = errors.New("the pusher went away")

// Deployer deploys one colour. One process makes one.
type Deployer struct {
	config     Config
	colour     colour
	repository repo.Repository
	ledger     *ledger.Ledger
	layers     layers.List
	env        appenv.Store
	files      files
	docker     docker
	lists      lists
	rotation   rotation
	journal    *journal
	out        *output
	self       ledger.Process
	git        ledger.Process // the git that runs this process as a hook
	watch      func() error   // leaves a process that settles the push if this one is killed

	// reaper leaves a process that removes a one-off container if this one is killed
	reaper func(container string) (release func(), err error)
}

// Open returns the Deployer of the colour, whose output goes to out.
func Open(config Config, name string, out io.Writer) (*Deployer, error) {
	colour, err := config.colour(name)
	if err != nil {
		return nil, err
	}
	written := ledger.At(colour.git)
	if err := written.Check(); err != nil {
		return nil, err
	}
	docker, err := engine.Open(config.Fleet)
	if err != nil {
		return nil, err
	}
	lists := fleet.Open(config.Redis, colour.site).As("deploy")
	rotation, err := lists.Rotation(name)
	d := newDeployer(config, colour, written, out)
	d.meet(docker, lists, rotation)
	return d, err
}

// newDeployer returns a Deployer without Docker and Redis.
func newDeployer(config Config, colour colour, written *ledger.Ledger, out io.Writer) *Deployer {
	d := &Deployer{
		config:     config,
		colour:     colour,
		repository: repo.Repository{Dir: colour.git},
		ledger:     written,
		layers:     layers.In(written),
		env:        appenv.Open(written.Path(ledger.Configurations)),
		files:      hostFiles{},
		out:        &output{to: out, gone: func() {}},
		self:       ledger.ProcessOf(os.Getpid()),
		git:        ledger.ProcessOf(os.Getppid()),
	}
	d.watch, d.reaper = d.leaveWatcher, d.leaveReaper
	return d
}

// meet gives the Deployer its Docker and Redis.
func (d *Deployer) meet(docker docker, lists lists, rotation rotation) {
	d.docker, d.lists, d.rotation = docker, lists, rotation
	d.journal = &journal{colour: d.colour.name, steps: lists}
}

// Close closes the connections to Docker and Redis.
func (d *Deployer) Close() { d.docker.Close(); d.lists.Close() }

// ready returns nil if Docker and Redis answer and the app's name is free.
func (d *Deployer) ready(ctx context.Context) error {
	if err := d.docker.Ping(ctx); err != nil {
		return fmt.Errorf("no answer from Docker (is it started? may you use it? usermod -aG docker %s): %w", userName(), err)
	}
	switch err := d.lists.Ping(ctx); {
	case errors.Is(err, fleet.ErrPassword):
		return err
	case err != nil:
		return fmt.Errorf("no answer from Redis at %v (make up starts it): %w", d.config.Redis, err)
	}
	stranger, err := d.docker.NameTaken(ctx, d.colour.app)
	if err == nil && stranger {
		err = fmt.Errorf("a container called %s exists that no push made: rename or remove it", d.colour.app)
	}
	return err
}

func (d *Deployer) newPush(ctx context.Context, ref, revision string) *ledger.Deployment {
	now := time.Now().UTC()
	return &ledger.Deployment{
		Record: ledger.Record{
			Time:     now.Truncate(time.Second),
			Built:    now,
			Ref:      ref,
			Revision: revision,
			Subject:  d.repository.Subject(ctx, revision),
			Who:      who(),
		},
		Git: d.git,
	}
}

// who returns the user who pushed, and for a push over ssh the address that it
// came from (sshd(8), "SSH_CONNECTION").
func who() string {
	var from string
	if _, err := fmt.Sscan(os.Getenv("SSH_CONNECTION"), &from); err == nil {
		return userName() + "@" + from
	}
	return userName()
}

func userName() string {
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return strconv.Itoa(os.Getuid())
}

// lock makes this the only process that works on the colour until unlock.
func (d *Deployer) lock(ctx context.Context) (unlock func(), err error) {
	return d.ledger.Lock(ctx, d.git, func() { d.out.line("Waiting for another push to %s to end", d.colour.name) })
}

// end records the push in the history and the journal.
func (d *Deployer) end(ctx context.Context, p *ledger.Deployment, result string, why error) {
	p.Result = result
	if why != nil {
		p.Why = oneLine(why.Error())
	}
	if err := d.ledger.Append(p.Record); err != nil {
		d.out.line("warning: %v", err)
	}
	d.journal.record(d.ending(context.WithoutCancel(ctx), p, why))
	_ = d.ledger.End(p)
}

// succeed ends a push whose release runs.
func (d *Deployer) succeed(ctx context.Context, p *ledger.Deployment, result string) {
	d.end(ctx, p, result, nil)
	d.out.line("DEPLOYED %s %s %s", d.colour.name, p.Revision, p.Digest)
}

// fail tells the pusher why, and leaves everything as it was before the push.
func (d *Deployer) fail(ctx context.Context, p *ledger.Deployment, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	d.showLog(ctx, p)
	d.discard(ctx, p)
	return d.refuse(ctx, p, err)
}

// refuse writes the last line of a push that failed, and its line of history.
func (d *Deployer) refuse(ctx context.Context, p *ledger.Deployment, err error) error {
	failure := failureOf(err, "lock")
	d.end(ctx, p, ledger.Failed, failure)
	d.out.line("DEPLOY FAILED %s %s %s: %s", d.colour.name, failure.step, p.Revision, oneLine(failure.err.Error()))
	return ErrRefused
}

// orForward adds to what a push failed of how to try it again, if its ref has
// moved already: the same push would reach no hook.
func (d *Deployer) orForward(ctx context.Context, p *ledger.Deployment, err error) error {
	now, unread := d.repository.Resolve(ctx, p.Ref)
	if p.Aim != "" || unread != nil || now != p.Revision {
		return err
	}
	failed := failureOf(err, "")
	return &stepError{failed.step, fmt.Errorf("%w: %s holds it all the same, and bin/deploy forward %s tries it again", failed.err, branch(p.Ref), d.colour.name)}
}

// held returns the ref that the last push moved, of those that deploy, and what it
// holds now. Before the first that came so far, it is the one that a push would
// deploy.
func (d *Deployer) held(ctx context.Context) (ref, revision string, err error) {
	past, err := d.ledger.History()
	holds := make(map[string]string)
	for _, ref := range deployedRefs {
		now, failure := d.repository.Resolve(ctx, ref)
		holds[ref], err = now, errors.Join(err, failure)
	}
	if err != nil {
		return "", "", err
	}
	refs, gone := deployedRefs, fmt.Errorf("nothing is deployed yet: git push %s main", d.colour.name)
	for _, r := range past {
		if r.MovedRef(holds[r.Ref]) {
			refs, gone = []string{r.Ref}, fmt.Errorf("%s was deleted, so there is nothing to go forward to: git push %s %[1]s", branch(r.Ref), d.colour.name)
		}
	}
	for _, ref := range refs {
		if holds[ref] != repo.NoRevision {
			return ref, holds[ref], nil
		}
	}
	return "", "", gone
}
