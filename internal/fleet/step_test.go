package fleet_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
)

func (l lists) record(steps ...fleet.Step) {
	l.t.Helper()
	for _, step := range steps {
		if err := l.RecordStep(l.t.Context(), "blue", step); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l lists) deploys() []fleet.Step {
	l.t.Helper()
	seen, err := l.Snapshot(l.t.Context(), fleet.Depth{})
	if err != nil {
		l.t.Fatal(err)
	}
	return seen.Deploys["blue"]
}

func TestStep_ThatIsOverTakesThePlaceOfItsBeginning(t *testing.T) {
	l := open(t)
	at := time.Now().UTC().Truncate(time.Millisecond)
	begun := fleet.Step{At: at, Push: at, What: "push", Revision: "r", By: "me", Subject: "<b> & c", Step: "build", State: fleet.StepBegun}
	done, failed := begun, begun
	done.State, done.Ms = fleet.StepDone, 1200
	failed.Step, failed.State, failed.Ms, failed.Why = "run", fleet.StepFailed, 3, "no port"
	end := fleet.Step{At: at, Push: at, What: "push", Revision: "r", By: "me", State: fleet.StepFailed}

	l.record(begun)
	if got := l.deploys(); !reflect.DeepEqual(got, []fleet.Step{begun}) {
		t.Errorf("begun: got %+v", got)
	}
	l.record(done, failed, end)
	if got, want := l.deploys(), []fleet.Step{end, failed, done}; !reflect.DeepEqual(got, want) {
		t.Errorf("in the end: got %+v, want %+v", got, want)
	}
	if text := l.Client.LIndex(t.Context(), "blueDeploy", 2).Val(); !strings.Contains(text, `"subject":"<b> & c"`) {
		t.Errorf("by eye: got %s, want the subject as it is", text)
	}
}

func TestStep_IsBounded(t *testing.T) {
	l := open(t)
	for i := range 30 {
		l.record(fleet.Step{Revision: fmt.Sprint(i), Step: "build", State: fleet.StepDone,
			Why: strings.Repeat("x", 1000), Subject: strings.Repeat("ü", 1000)})
	}
	got := l.deploys()
	if len(got) != 20 || got[0].Revision != "29" || len(got[0].Why) != 500 || len(got[0].Subject) != 200 {
		t.Errorf("got %d, the newest %+v, want 20 and bounded texts", len(got), got[0])
	}
}

func TestLastEnd_IsTheNewestEndWhateverCameAfterIt(t *testing.T) {
	l := open(t)
	at := time.Now().UTC().Truncate(time.Millisecond)
	first := fleet.Step{At: at, Push: at, Revision: "first", State: fleet.StepDone}
	last := fleet.Step{At: at, Push: at, Revision: "last", State: fleet.StepFailed, Held: "last"}
	step := fleet.Step{At: at, Push: at, Revision: "next", Step: "build", State: fleet.StepBegun}
	l.record(step)
	if got, has, err := l.LastEnd(t.Context(), "blue"); err != nil || has {
		t.Errorf("before the first: got %+v, %v, %v, want none", got, has, err)
	}
	l.record(first, last, step)
	l.Push("blueDeploy", "what a person pushed")
	if got, has, err := l.LastEnd(t.Context(), "blue"); err != nil || !has || !reflect.DeepEqual(got, last) {
		t.Errorf("got %+v, %v, %v, want %+v", got, has, err, last)
	}
}

func TestRecordStep_RefusesWhatIsNotAColour(t *testing.T) {
	l := open(t)
	if err := l.RecordStep(t.Context(), "red", fleet.Step{}); err == nil || !strings.Contains(err.Error(), "expected blue or green") {
		t.Errorf("got %v, want what was expected", err)
	}
}
