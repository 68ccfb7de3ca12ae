package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Step is one step of a push, or of what a person did instead of one: an
// element of the colour's journal (blueDeploy, greenDeploy), JSON in one line.
// The last one of a push has no name and says what became of it. A push that
// was killed leaves a step that is begun, and old.
type Step struct {
	At       time.Time `json:"at"`                // when it began
	Push     time.Time `json:"push"`              // when the push began: the same in all of its steps
	What     string    `json:"what"`              // push, rollback, forward, restore or env
	Revision string    `json:"revision"`          // the whole of it
	Subject  string    `json:"subject,omitempty"` // of its commit, at most maxSubject bytes
	By       string    `json:"by"`                // who pushed
	Step     string    `json:"step,omitempty"`    // of the recipe; none at the end of the push
	State    StepState `json:"state"`
	Ms       int64     `json:"ms,omitempty"`  // milliseconds that it took; at the end, that the push took
	Why      string    `json:"why,omitempty"` // it failed, at most maxWhy bytes; nothing that a program printed

	Digest   string    `json:"digest,omitempty"`   // at the end: of the image
	Running  *Release  `json:"running,omitempty"`  // at the end: what has the requests
	Releases []Release `json:"releases,omitempty"` // at the end: the last that had them, newest first
}

// deployLength is how many steps of a colour are kept: those of a push, and the
// end of the one before.
const deployLength = 20

// maxSubject bounds the subject of a commit, in bytes.
const maxSubject = 200

// IsEnd reports whether the push is over with this step.
func (s Step) IsEnd() bool { return s.Step == "" }

// StepState says how far a step has come.
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
}

// deployKeys are the journals of the colours.
var deployKeys = map[string]string{"blue": blueDeployKey, "green": greenDeployKey}

// RecordStep adds to the colour's journal. A step that is over takes the place
// of the same step begun.
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

// begun returns the step as it was recorded when it began.
func (s Step) begun() Step {
	s.State, s.Ms, s.Why = StepBegun, 0, ""
	return s
}

// element is the step in a list.
func (s Step) element() []byte {
	s.At, s.Push = s.At.UTC().Truncate(time.Millisecond), s.Push.UTC().Truncate(time.Millisecond)
	s.Why, s.Subject = firstBytes(s.Why, maxWhy), firstBytes(s.Subject, maxSubject)
	return oneLine(s)
}

// HasSteps reports whether the colour's journal has anything in it.
func (f *Fleet) HasSteps(ctx context.Context, colour string) (bool, error) {
	length, err := f.client.LLen(ctx, deployKeys[colour]).Result()
	if err != nil {
		return false, fmt.Errorf("reading the journal of %s: %w", colour, err)
	}
	return length > 0, nil
}
