package fleet

import "time"

// Step is one step of a push, or of what a person did instead of one: an
// element of the colour's journal (blueDeploy, greenDeploy), JSON in one line.
// The last one of a push has no name and says what became of it. A push that
// was killed leaves a step that is begun, and old.
type Step struct {
	At       time.Time `json:"at"`       // when it began
	Push     time.Time `json:"push"`     // when the push began: the same in all of its steps
	What     string    `json:"what"`     // push, rollback, forward, restore or env
	Revision string    `json:"revision"` // the whole of it
	Subject  string    `json:"subject,omitempty"`
	By       string    `json:"by"`             // who pushed
	Step     string    `json:"step,omitempty"` // of the recipe; none at the end of the push
	State    StepState `json:"state"`
	Ms       int64     `json:"ms,omitempty"`  // milliseconds that it took; at the end, that the push took
	Why      string    `json:"why,omitempty"` // it failed, at most maxWhy bytes

	Digest   string    `json:"digest,omitempty"`   // at the end: of the image
	Running  *Release  `json:"running,omitempty"`  // at the end: what has the requests
	Releases []Release `json:"releases,omitempty"` // at the end: the last that had them, newest first
}

// deployLength is how many steps of a colour are kept: those of a push, and the
// end of the one before.
const deployLength = 20

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
