package overview

import (
	"slices"
	"time"

	"deux/internal/fleet"
)

// Push is the last push to a colour, or a command that a person ran instead.
type Push struct {
	fleet.Step              // its newest
	Steps      []fleet.Step // of the recipe, in order
	Silent     time.Duration
}

// silence is how long a push may be silent before it counts as dead: a build may
// take BUILD_TIMEOUT, by default 15 minutes.
const silence = 20 * time.Minute

// IsOver reports whether the push has ended, is stuck for now, or has died.
func (p *Push) IsOver() bool { return p.IsEnd() || p.Failed() || p.Silent > silence }

// Failed reports whether the push ended without a release, or failed at a step
// that is retried later, such as a switch while Redis was away.
func (p *Push) Failed() bool { return p.State == fleet.StepFailed }

// news is how long a successful push is shown with its steps.
const news = time.Minute

// IsNews reports whether the push's steps are worth showing: it is under way, has
// failed, or has just ended.
func (p *Push) IsNews() bool { return !p.IsEnd() || p.Failed() || p.Silent < news }

// Now returns the current step.
func (p *Push) Now() string {
	if len(p.Steps) == 0 {
		return "starting"
	}
	return p.Steps[len(p.Steps)-1].Step
}

// pushOf returns the last push in a journal, or nil. A step is recorded when it
// starts and when it ends: the later record counts.
func pushOf(now time.Time, journal []fleet.Step) *Push {
	if len(journal) == 0 {
		return nil
	}
	newest := journal[0]
	last := &Push{Step: newest, Silent: now.Sub(newest.At)}
	for _, step := range slices.Backward(journal) {
		if !step.Push.Equal(last.Push) || step.IsEnd() {
			continue
		}
		i := slices.IndexFunc(last.Steps, func(known fleet.Step) bool { return known.Step == step.Step })
		if i < 0 {
			last.Steps = append(last.Steps, step)
		} else {
			last.Steps[i] = step
		}
	}
	return last
}

// learnReleases notes the release that has the colour's requests, the others that
// a rollback may go to, and what the branch holds: the last push that ended says so.
func (p *Pool) learnReleases(journal []fleet.Step) {
	i := slices.IndexFunc(journal, fleet.Step.IsEnd)
	if i < 0 {
		return
	}
	p.Release, p.Held = journal[i].Running, journal[i].Held
	for _, release := range journal[i].Releases {
		switch {
		case p.Release != nil && release.Revision == p.Release.Revision:
		case release.Newer:
			p.Newer = append(p.Newer, release)
		default:
			p.Earlier = append(p.Earlier, release)
		}
	}
}
