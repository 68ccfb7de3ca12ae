package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Step is one step of a push, or of a command that a person ran instead: an
// element of the colour's journal (blueDeploy, greenDeploy), JSON in one line.
// The last one of a push has no name and holds the outcome; a push that is tried
// again later has one for each try. A push that was killed leaves an old step that
// has started and not ended.
type Step struct {
	At       time.Time `json:"at"`                // when it started
	Push     time.Time `json:"push"`              // when the push started: the same in all its steps
	What     string    `json:"what"`              // push, rollback, forward, restore or env
	Revision string    `json:"revision"`          // in full
	Subject  string    `json:"subject,omitempty"` // of its commit, at most maxSubject bytes
	By       string    `json:"by"`                // who pushed
	Step     string    `json:"step,omitempty"`    // of the recipe; empty at the end of the push
	State    StepState `json:"state"`
	Ms       int64     `json:"ms,omitempty"`  // milliseconds that it took; at the end, those of the push
	Why      string    `json:"why,omitempty"` // why it failed, at most maxWhy bytes; never a program's output

	Digest   string    `json:"digest,omitempty"`   // at the end: of the image
	Running  *Release  `json:"running,omitempty"`  // at the end: what has the requests
	Held     string    `json:"held,omitempty"`     // at the end: the revision that the branch holds, if that is not what runs
	Releases []Release `json:"releases,omitempty"` // at the end: those that are kept, newest first
}

// deployLength is how many steps of a colour are kept: those of one push, and
// the end of the push before.
const deployLength = 20

// maxSubject bounds the subject of a commit, in bytes.
const maxSubject = 200

// IsEnd reports whether this step ends the push.
func (s Step) IsEnd() bool { return s.Step == "" }

// StepState says how far a step has got.
type StepState string

// The states of a step.
const (
	StepBegun  StepState = "begun"
	StepDone   StepState = "done"
	StepFailed StepState = "failed"
)

// Release is a release of a colour that has, or had, the requests.
type Release struct {
	At       time.Time `json:"at"`   // since when
	What     string    `json:"what"` // what brought it: push, rollback, forward, restore or env
	Revision string    `json:"revision"`
	Digest   string    `json:"digest"`
	By       string    `json:"by"`
	Subject  string    `json:"subject,omitempty"`
	Newer    bool      `json:"newer,omitempty"` // built after the one that has the requests: a rollback has passed it
}

// deployKeys are the journals of the colours.
var deployKeys = map[string]string{"blue": blueDeployKey, "green": greenDeployKey}

// RecordStep adds to the colour's journal. A step that is over replaces its
// record from when it started.
func (f *Fleet) RecordStep(ctx context.Context, colour string, step Step) error {
	key, known := deployKeys[colour]
	if !known {
		return fmt.Errorf("recording a step of %q: expected blue or green", colour)
	}
	_, err := f.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		if step.State != StepBegun && !step.IsEnd() {
			tx.LRem(ctx, key, 1, step.begun().element())
		}
		tx.LPush(ctx, key, step.element())
		tx.LTrim(ctx, key, 0, deployLength-1)
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording a step of %s: %w", colour, err)
	}
	return nil
}

// begun returns the step as it was recorded when it started.
func (s Step) begun() Step {
	s.State, s.Ms, s.Why = StepBegun, 0, ""
	return s
}

// element returns the step as a list holds it.
func (s Step) element() []byte {
	s.At, s.Push = s.At.UTC().Truncate(time.Millisecond), s.Push.UTC().Truncate(time.Millisecond)
	s.Why, s.Subject = Shorten(s.Why, maxWhy), firstBytes(s.Subject, maxSubject)
	return oneLine(s)
}

// LastEnd returns the newest end in the colour's journal, and whether it has one.
func (f *Fleet) LastEnd(ctx context.Context, colour string) (end Step, has bool, err error) {
	elements, err := f.client.LRange(ctx, deployKeys[colour], 0, deployLength-1).Result()
	if err != nil {
		return Step{}, false, fmt.Errorf("reading the journal of %s: %w", colour, err)
	}
	steps := entries[Step](elements)
	at := slices.IndexFunc(steps, Step.IsEnd)
	if at < 0 {
		return Step{}, false, nil
	}
	return steps[at], true, nil
}
