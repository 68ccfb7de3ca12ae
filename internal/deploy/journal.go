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
	return d.today(ctx, step)
}

// today returns an end with what has the requests now and what the branch holds.
func (d *Deployer) today(ctx context.Context, end fleet.Step) fleet.Step {
	end.Running, end.Releases = d.releases()
	end.Held = ""
	if _, held, err := d.held(ctx); err == nil && (end.Running == nil || end.Running.Revision != held) {
		end.Held = held
	}
	return end
}

// endTry records the end of a try that failed and that is made again later, so
// that the history does not have it: however many follow, the journal says what runs.
func (d *Deployer) endTry(ctx context.Context, p *ledger.Deployment, err error) {
	try := *p
	try.Result = ledger.Failed
	d.journal.record(d.ending(ctx, &try, err))
}

// mostReleases bounds how many releases an entry names.
const mostReleases = 10

// releases returns the release that has the requests, and those that are kept,
// newest first, as rollbacks go through them.
func (d *Deployer) releases() (running *fleet.Release, all []fleet.Release) {
	current, deployed := d.ledger.Current()
	if deployed {
		current.Result = current.Aim
		release := released(current.Record)
		running = &release
	}
	past, err := d.ledger.History()
	if err != nil {
		return running, nil
	}
	kept := ledger.Releases(past, min(d.config.Keep, mostReleases))
	sortNewestFirst(kept)
	for _, r := range kept {
		release := released(r)
		release.Newer = deployed && r.Built.After(current.Built)
		all = append(all, release)
	}
	return running, all
}

func released(r ledger.Record) fleet.Release {
	return fleet.Release{At: r.Time, What: what(r.Result), Revision: r.Revision, Digest: r.Digest, By: r.Who, Subject: r.Subject}
}

// remind records what runs and what the branch holds, if the journal has lost it,
// as by a flush, or if the branch has moved or is gone since.
func (d *Deployer) remind(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	end, has, err := d.lists.LastEnd(asking, d.colour.name)
	if err != nil {
		return
	}
	if !has {
		d.retell(ctx)
	} else if now := d.today(ctx, end); now.Held != end.Held {
		d.journal.record(now)
	}
}

// retell records the end of what runs or, if nothing ran yet, of the last try.
func (d *Deployer) retell(ctx context.Context) {
	last, deployed := d.ledger.Current()
	last.Result = last.Aim
	if !deployed {
		past, err := d.ledger.History()
		if err != nil || len(past) == 0 {
			return
		}
		last.Record = past[len(past)-1]
	}
	step := d.ending(ctx, last, nil)
	step.At = last.Time
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
