package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// awayAtFirst is a rotation whose Redis answers from the second time on.
type awayAtFirst struct {
	rotation
	asked int
}

func (r *awayAtFirst) StillDrains(context.Context, fleet.Server, fleet.Server) (bool, error) {
	if r.asked++; r.asked == 1 {
		return false, errors.New("connection refused")
	}
	return false, nil
}

func TestDrain_WaitsForARedisThatIsAwayForAMoment(t *testing.T) {
	lists := &awayAtFirst{}
	d := &Deployer{rotation: lists, config: Config{DrainTimeout: time.Minute}}
	err := d.drain(t.Context(), engine.Release{Running: true, Port: 50201}, &ledger.Deployment{})
	if err != nil || lists.asked != 2 {
		t.Errorf("got %v after asking %d times, want nil after 2", err, lists.asked)
	}
}

func TestDrain_EndsAfterItsTimeoutAndSaysWhatStillRan(t *testing.T) {
	for _, test := range []struct {
		name, said string
		redisAway  time.Duration
		failed     bool
	}{
		{"a request that does not end", "Requests to http://172.17.0.1:50201 still ran after 1m0s\n", 0, false},
		{"a Redis that stays away, so that nobody knows", "", time.Hour, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun, out := time.Now(), new(strings.Builder)
			d := &Deployer{
				rotation: lateRotation{from: begun.Add(test.redisAway)},
				config:   Config{DrainTimeout: time.Minute},
				colour:   colour{site: fleet.Site{Host: "172.17.0.1"}},
				out:      &output{to: out},
			}
			err := d.drain(t.Context(), engine.Release{Running: true, Port: 50201}, &ledger.Deployment{Port: 50202})
			if took := time.Since(begun); (err != nil) != test.failed || took != time.Minute || out.String() != test.said {
				t.Errorf("%s: got %v and %q after %v, want %q after a minute", test.name, err, out, took, test.said)
			}
		})
	}
}
