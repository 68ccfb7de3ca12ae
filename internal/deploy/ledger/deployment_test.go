package ledger

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"
)

// whole is a deployment with a value in every field that is written down.
func whole() *Deployment {
	r := run(1, Failed, "a")
	r.Subject, r.Steps, r.Changes, r.Aim, r.Why = "One line", []StepTime{{"build", 1.5}}, []string{"+A"}, RolledBack, "build: no"
	return &Deployment{
		Record: r, Step: "run", Ready: true, Image: "sha256:1", Container: "c0ffee", Port: 50201, AppPort: 3000,
		Generation: 7, Git: ProcessOf(os.Getpid()), Volumes: []string{"data"},
	}
}

// The process that finishes a push is another one than the one that started it.
func TestDeployment_IsReadAsItWasSaved(t *testing.T) {
	l, want := made(t), whole()
	for v, at := reflect.ValueOf(*want), 0; at < v.NumField(); at++ {
		if name := v.Type().Field(at).Name; v.Field(at).IsZero() && name != "PortNote" { // which is for the pusher alone
			t.Fatalf("%s has no value in this test", name)
		}
	}
	if err := l.Save(want); err != nil {
		t.Fatal(err)
	}
	if err := l.SetCurrent(want); err != nil {
		t.Fatal(err)
	}
	next := &Ledger{l.dir, disk{}}
	if got, under := next.UnderWay(); !under || !reflect.DeepEqual(got, want) {
		t.Errorf("under way: got %+v, %v, want %+v", got, under, want)
	}
	if got, has := next.Current(); !has || !next.HasCurrent() || !reflect.DeepEqual(got, want) {
		t.Errorf("current: got %+v, %v, want %+v", got, has, want)
	}
}

func TestDeployment_EndsOnlyItself(t *testing.T) {
	saved := whole()
	otherGit, otherRevision := *saved, *saved
	otherGit.Git.Started, otherRevision.Revision = "1", "rb"
	for _, test := range []struct {
		what  string
		ended *Deployment
		stays bool
	}{
		{"itself", saved, false}, {"one of another process", &otherGit, true}, {"one of another revision", &otherRevision, true},
	} {
		l := made(t)
		if err := l.End(test.ended); err != nil {
			t.Errorf("%s, where none is under way: got %v, want nil", test.what, err)
		}
		if err := l.Save(saved); err != nil {
			t.Fatal(err)
		}
		err := l.End(test.ended)
		if _, stays := l.UnderWay(); stays != test.stays || err != nil {
			t.Errorf("%s: got %v, %v, want under way: %v", test.what, stays, err, test.stays)
		}
	}
}

func TestLedger_SaysThatTheAppIsDownUntilItIsToRun(t *testing.T) {
	l := made(t)
	for range 2 { // each may be said twice
		if err := l.MeanDown(); err != nil || !l.IsDown() {
			t.Errorf("meant down: got %v, %v, want it down", l.IsDown(), err)
		}
	}
	var since time.Time
	if content, err := os.ReadFile(l.Path(downFile)); err != nil || json.Unmarshal(content, &since) != nil || time.Since(since) > time.Hour {
		t.Errorf("got %s, %v, want since when", content, err)
	}
	for range 2 {
		if err := l.MeanUp(); err != nil || l.IsDown() {
			t.Errorf("meant up: got down %v, %v, want it up", l.IsDown(), err)
		}
	}
}

func TestLedger_RemembersTheLastPortAndTheVolumes(t *testing.T) {
	l := made(t)
	want := Volumes{{Name: "data", Path: "/data", Auto: true}, {Name: "old", Path: "/old", Going: true}}
	if err := l.SetVolumes(want); err != nil {
		t.Fatal(err)
	}
	for port := range 2 {
		if err := l.SetLastPort(50200 + port); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Volumes(); l.LastPort() != 50201 || !reflect.DeepEqual(got, want) {
		t.Errorf("got port %d and volumes %+v, want 50201 and %+v", l.LastPort(), got, want)
	}
}
