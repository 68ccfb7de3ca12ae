package deploy

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/engine"
)

// step is one line of the recipe.
type step struct {
	name string
	do   func(*Deployer, context.Context, *ledger.Deployment) error
}

// candidateSteps are the steps that may refuse a push. They do not touch what
// runs.
var candidateSteps = []step{
	{"work-tree", (*Deployer).setWorkTree},
	{"checkout", (*Deployer).checkOut},
	{"build", (*Deployer).build},
	{"tag", (*Deployer).tag},
	{"push", (*Deployer).push},
	{"pull", (*Deployer).pull},
	{"run", (*Deployer).run},
	{"health", (*Deployer).waitUntilHealthy},
}

// againSteps bring back a release that was already built.
var againSteps = []step{
	{"pull", (*Deployer).pullMissing},
	{"run", (*Deployer).run},
	{"health", (*Deployer).waitUntilHealthy},
}

// switchSteps send the requests to the candidate.
var switchSteps = []step{
	{"switch", (*Deployer).switchOver},
}

// clearSteps remove the release that ran before. The next push removes what they
// leave behind.
var clearSteps = []step{
	{"stop", (*Deployer).stopOld},
	{"remove", (*Deployer).removeOld},
	{"remove-image", (*Deployer).removeImages},
}

// stepError names the step at which a release failed.
type stepError struct {
	step string
	err  error
}

func (e *stepError) Error() string { return e.step + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// failureOf returns the step at which a release failed, with the reason alone. An
// error that names none is of the step that is given.
func failureOf(err error, step string) *stepError {
	failure := &stepError{step, err}
	errors.As(err, &failure)
	return failure
}

// follow takes the steps one by one, up to the first that fails.
func (d *Deployer) follow(ctx context.Context, p *ledger.Deployment, steps []step) error {
	for _, step := range steps {
		p.Step = step.name
		if err := d.ledger.Save(p); err != nil {
			return &stepError{step.name, err}
		}
		ended := d.journal.begin(p)
		start := time.Now()
		err := step.do(d, ctx, p)
		took := time.Since(start)
		p.Steps = append(p.Steps, ledger.StepTime{Step: step.name, Seconds: took.Round(time.Millisecond).Seconds()})
		d.out.took(step.name, took)
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
		ended(took, err)
		if err != nil {
			return &stepError{step.name, err}
		}
	}
	return nil
}

// setWorkTree makes an empty folder for the files beside blue-www, so that
// nothing of an earlier push is in it.
func (d *Deployer) setWorkTree(_ context.Context, p *ledger.Deployment) error {
	d.out.step("Setting the work tree to %s", d.colour.www)
	if err := d.files.Remove(d.fresh()); err != nil {
		return err
	}
	return d.files.MakeFolder(d.fresh(), 0o755)
}

func (d *Deployer) fresh() string { return d.colour.www + ".new" }

// checkOut writes exactly the files of the pushed revision, in place of those of
// the last push.
func (d *Deployer) checkOut(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Checking out %s", p.Revision)
	modules, err := d.repository.Submodules(ctx, p.Revision)
	if err != nil {
		return err
	}
	if len(modules) > 0 {
		return fmt.Errorf("%s is a submodule, and a push does not carry its files: add them to the repository itself", modules[0])
	}
	if err := d.repository.CheckOut(ctx, p.Revision, d.fresh()); err != nil {
		return err
	}
	pointer, err := repo.LFSPointer(d.fresh())
	if err != nil {
		return err
	}
	if pointer != "" {
		return fmt.Errorf("%s is a Git LFS pointer, and a push does not carry what it points to: git lfs untrack it and commit the file itself", pointer)
	}
	return replaceFolder(d.files, d.fresh(), d.colour.www)
}

// build builds the image. The image gets its registry name at once, so that
// nobody takes it for a leftover.
func (d *Deployer) build(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Building %s", d.colour.image)
	ctx, cancel := context.WithTimeoutCause(ctx, d.config.BuildTimeout,
		fmt.Errorf("took longer than BUILD_TIMEOUT=%v", d.config.BuildTimeout))
	defer cancel()
	watch := d.layers.Watch(d.out, p.Revision, time.Now())
	id, err := d.docker.Build(ctx, d.colour.www, d.name(p.Revision), []string{
		engine.ColourLabel + "=" + d.colour.name,
		engine.RevisionLabel + "=" + p.Revision,
		engine.TimeLabel + "=" + p.Built.Format(time.RFC3339),
	}, d.config.BuildMemory, watch)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.As(err, new(*exec.ExitError)) {
		return printed{fmt.Sprintf("%s (%v)", watch.Last(), err), err.Error()}
	}
	if err != nil {
		return err
	}
	p.Image = id
	return nil
}

// name returns the image's name in the registry.
func (d *Deployer) name(tag string) string { return d.colour.repository + ":" + tag }

// digest returns the name in the registry of exactly this image.
func (d *Deployer) digest(p *ledger.Deployment) string { return d.colour.repository + "@" + p.Digest }

// tag makes :<revision> name the new image. blue-image and :latest keep naming
// the old release until this one runs.
func (d *Deployer) tag(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Tagging %s as %s", d.colour.image, d.name(p.Revision))
	return d.docker.Tag(ctx, p.Image, d.name(p.Revision))
}

func (d *Deployer) push(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Pushing %s", d.name(p.Revision))
	digest, err := d.docker.Push(ctx, d.name(p.Revision))
	if err != nil {
		return fmt.Errorf("%w (does the registry run? make up starts it)", err)
	}
	p.Digest = digest
	return nil
}

// pull gets the image from the registry by digest: what runs is what any other
// host would pull.
func (d *Deployer) pull(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Pulling %s", d.digest(p))
	return d.docker.Pull(ctx, d.digest(p))
}

func (d *Deployer) pullMissing(ctx context.Context, p *ledger.Deployment) error {
	present, err := d.docker.HasImage(ctx, d.digest(p))
	if err != nil || present {
		return err
	}
	return d.pull(ctx, p)
}

// run starts the image beside the running release.
func (d *Deployer) run(ctx context.Context, p *ledger.Deployment) error {
	ports, err := d.freePorts(ctx)
	if err != nil {
		return err
	}
	runtime, err := d.equip(ctx, p)
	if err != nil {
		return err
	}
	if p.PortNote != "" {
		d.out.line("%s (bin/deploy env %s set PORT=…)", p.PortNote, d.colour.name)
	}
	for _, note := range d.volumes().Notes(p, runtime) {
		d.out.step("%s", note)
	}
	for _, port := range ports {
		p.Container, err = d.docker.Start(ctx, engine.Release{
			Name:       fmt.Sprintf("%s-%d", d.colour.app, port),
			Colour:     d.colour.name,
			Revision:   p.Revision,
			Digest:     p.Digest,
			Time:       p.Built.Format(time.RFC3339),
			Port:       port,
			AppPort:    p.AppPort,
			Generation: p.Generation,
		}, runtime, d.colour.repository, d.config.HostIP)
		if errors.Is(err, engine.ErrPortTaken) {
			continue
		}
		if err != nil {
			return err
		}
		p.Port = port
		d.out.step("Running %s at %s", d.name(p.Revision), d.colour.site.Server(port).URL)
		return errors.Join(d.ledger.SetLastPort(port), d.ledger.Save(p))
	}
	return fmt.Errorf("all %d ports from %d are taken: stop what listens there, or choose others with %s_FIRST_PORT and make up",
		d.config.Ports, d.colour.site.First, strings.ToUpper(d.colour.name))
}

// waitUntilHealthy returns when the candidate is healthy, or with the reason why
// it was not in time. It does not wait for a candidate that has ended.
func (d *Deployer) waitUntilHealthy(ctx context.Context, p *ledger.Deployment) error {
	d.out.step("Waiting until it is healthy, at most %v", d.colour.health)
	candidate := health.Candidate{ID: p.Container, URL: d.colour.site.Server(p.Port).URL, Port: p.AppPort}
	err := health.Wait(ctx, d.docker, candidate, d.colour.health)
	if errors.Is(err, health.ErrLate) {
		name := strings.ToUpper(d.colour.name)
		err = fmt.Errorf("%w (the limit is HEALTH_TIMEOUT, for %s alone %s_HEALTH_TIMEOUT: change it in .env, then make up)", err, d.colour.name, name)
	}
	return health.Explain(ctx, d.docker, p.Container, err, d.colour.memoryName())
}
