package deploy

import (
	"context"
	"errors"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/fleet"
)

// journal records in Redis how far a push has got. No push depends on it: while
// Redis is away, the journal has a gap.
type journal struct {
	colour string
	steps  stepRecorder
	quiet  time.Time // until when nothing is recorded
}

type stepRecorder interface {
	RecordStep(ctx context.Context, colour string, step fleet.Step) error
}

// recordTimeout bounds what one entry may take.
const recordTimeout = 250 * time.Millisecond

// record puts an entry into the journal. After a failure nothing is recorded for
// ten times as long as it took: a Redis that hangs costs a push at most a tenth
// of its time.
func (j *journal) record(step fleet.Step) {
	start := time.Now()
	if start.Before(j.quiet) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout) // the pusher may be gone
	defer cancel()
	if err := j.steps.RecordStep(ctx, j.colour, step); err != nil {
		j.quiet = time.Now().Add(10 * time.Since(start))
	}
}

// begin records that a push has reached its next step. The caller says how the
// step ended.
func (j *journal) begin(p *ledger.Deployment) (ended func(took time.Duration, err error)) {
	step := entry(p)
	step.At, step.Step, step.State = time.Now(), p.Step, fleet.StepBegun
	j.record(step)
	return func(took time.Duration, err error) {
		step.State, step.Ms = fleet.StepDone, took.Milliseconds()
		if err != nil {
			step.State, step.Why = fleet.StepFailed, withoutOutput(err)
		}
		j.record(step)
	}
}

// entry returns what all entries of a push have in common.
func entry(p *ledger.Deployment) fleet.Step {
	return fleet.Step{Push: p.Time, What: what(p.Aim), Revision: p.Revision, Subject: p.Subject, By: p.Who}
}

// what returns one word for a deployment, given its result when all goes well.
func what(aim string) string {
	switch aim {
	case ledger.RolledBack:
		return "rollback"
	case ledger.Forwarded:
		return "forward"
	case ledger.Restored:
		return "restore"
	case ledger.Configured:
		return "env"
	}
	return "push"
}

// ending is the last entry of a push.
func (d *Deployer) ending(ctx context.Context, p *ledger.Deployment, why error) fleet.Step {
	step := entry(p)
	step.At, step.State, step.Digest = time.Now(), fleet.StepDone, p.Digest
	if p.Result == ledger.Failed {
		step.State = fleet.StepFailed
	} else {
		step.What = what(p.Result)
	}
	if why != nil {
		step.Why = withoutOutput(why)
	}
	for _, taken := range p.Steps {
		step.Ms += int64(taken.Seconds * 1000)
	}
	step.Running, step.Releases = d.releases()
	if _, held, err := d.held(ctx); err == nil && (step.Running == nil || step.Running.Revision != held) {
		step.Held = held
	}
	return step
}

// mostReleases bounds how many releases an entry names.
const mostReleases = 10

// releases returns the release that has the requests and the last that had them.
func (d *Deployer) releases() (running *fleet.Release, last []fleet.Release) {
	if current, deployed := d.ledger.Current(); deployed {
		current.Result = current.Aim
		release := released(current.Record)
		running = &release
	}
	past, err := d.ledger.History()
	if err != nil {
		return running, nil
	}
	for _, r := range ledger.Releases(past, min(d.config.Keep, mostReleases)) {
		last = append(last, released(r))
	}
	return running, last
}

func released(r ledger.Record) fleet.Release {
	return fleet.Release{At: r.Time, What: what(r.Result), Revision: r.Revision, Digest: r.Digest, By: r.Who, Subject: r.Subject}
}

// remind records the running release in a journal that was lost, as by a flush.
func (d *Deployer) remind(ctx context.Context) {
	current, deployed := d.ledger.Current()
	if !deployed {
		return
	}
	if has, err := d.lists.HasSteps(ctx, d.colour.name); err != nil || has {
		return
	}
	step := d.ending(ctx, current, nil)
	step.At, step.What = current.Time, what(current.Aim)
	d.journal.record(step)
}

// printed is an error that quotes a program that somebody pushed. The quote may
// hold anything, even a secret, so it is for the pusher and not for a list.
type printed struct {
	text    string
	without string // the same without the quote
}

func (p printed) Error() string { return p.text }

func (p printed) WithoutOutput() string { return p.without }

// quoting is an error whose text quotes a program that somebody pushed, as that
// of its health check.
type quoting interface {
	error
	WithoutOutput() string
}

// withoutOutput returns the reason of a failure on one line, without what was
// printed.
func withoutOutput(err error) string {
	text := err.Error()
	if quote, quotes := errors.AsType[quoting](err); quotes {
		text = strings.ReplaceAll(text, quote.Error(), quote.WithoutOutput())
	}
	return oneLine(text)
}
