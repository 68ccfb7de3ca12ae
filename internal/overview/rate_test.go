package overview_test

import (
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
)

func TestRate_IsNotClaimedToBeNothingWhileRedisIsAway(t *testing.T) {
	s := open(t)
	s.well()
	if got, want := s.look().Rate(), "No requests at the moment"; got != want {
		t.Errorf("without requests: got %q, want %q", got, want)
	}
	s.Push("webLoad", fleet.Load{At: ago(time.Second), Requests: 50})
	for _, seen := range []overview.Overview{{}, s.look()} {
		if got, want := seen.Away().Rate(), "Requests are not counted meanwhile"; got != want {
			t.Errorf("without Redis: got %q, want %q", got, want)
		}
	}
}
