package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/fleet"
)

// slowSteps takes its time for each entry, and fails until it is back.
type slowSteps struct {
	takes time.Duration
	back  time.Time
	asked int
	got   []string
}

func (s *slowSteps) RecordStep(ctx context.Context, colour string, step fleet.Step) error {
	s.asked++
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	if time.Now().Before(s.back) {
		return errors.New("connection refused")
	}
	s.got = append(s.got, colour+" "+step.Step)
	return nil
}

func TestJournal_HasAGapWhileRedisIsAwayAndGoesOnAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := &slowSteps{takes: 100 * time.Millisecond, back: time.Now().Add(500 * time.Millisecond)}
		j := &journal{colour: "blue", steps: steps}
		for i := range 14 { // one each 100 ms
			j.record(fleet.Step{Step: fmt.Sprint(i)})
			if len(steps.got) == 0 && i > 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if want := "blue 11 blue 12 blue 13"; strings.Join(steps.got, " ") != want || steps.asked != 4 {
			t.Errorf("got %q of %d tries, want %s: for a second after the failure none, which took a tenth of it", steps.got, steps.asked, want)
		}
	})
}

func TestJournal_WaitsForRedisNoLongerThanItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps, start := &slowSteps{takes: time.Hour}, time.Now()
		j := &journal{colour: "blue", steps: steps}
		for range 3 {
			j.record(fleet.Step{})
		}
		if took := time.Since(start); took != recordTimeout || steps.asked != 1 {
			t.Errorf("three entries took %v in %d tries, want one of %v", took, steps.asked, recordTimeout)
		}
	})
}

func TestJournal_HasAWordForEveryDeployment(t *testing.T) {
	for aim, want := range map[string]string{
		"": "push", ledger.Deployed: "push", ledger.RolledBack: "rollback", ledger.Forwarded: "forward", ledger.Restored: "restore", ledger.Configured: "env",
	} {
		if got := what(aim); got != want {
			t.Errorf("%q: got %s, want %s", aim, got, want)
		}
	}
}

func TestJournal_NamesTheLastReleasesAndNoMoreThanFit(t *testing.T) {
	l := looks(t)
	l.config.Keep = 100
	for i := range 2 * mostReleases {
		r := ledger.Record{Time: time.Unix(int64(i), 0).UTC(), Revision: fmt.Sprint("r", i), Digest: fmt.Sprint("sha256:", i), Result: ledger.Deployed}
		if err := l.ledger.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	running, last := l.releases()
	if running != nil || len(last) != mostReleases || last[0].Digest != "sha256:19" {
		t.Errorf("got %+v running and the last %+v, want none and %d", running, last, mostReleases)
	}
	l.config.Keep = 2
	if _, last = l.releases(); len(last) != 2 {
		t.Errorf("got %+v, want the 2 that are kept", last)
	}
	l.deployed(t)
	if err := errors.Join(os.Remove(l.ledger.Path("history")), os.Mkdir(l.ledger.Path("history"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if running, last = l.releases(); running == nil || running.Revision != l.commits[1] || last != nil {
		t.Errorf("without a history: got %+v and %+v, want what runs alone", running, last)
	}
}
