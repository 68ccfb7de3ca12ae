package fleet_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
)

// drainList drains for so many looks, and then ends as it says.
type drainList struct {
	looks int
	err   error
}

func (d *drainList) IsDraining(context.Context, fleet.Server) (bool, error) {
	d.looks--
	return d.looks >= 0, d.err
}

func TestWaitDrained_ReturnsWhenItIsOverOrPatienceOrRedisFails(t *testing.T) {
	away := errors.New("away")
	ended, end := context.WithCancel(t.Context())
	end()
	for _, test := range []struct {
		name     string
		ctx      context.Context
		list     drainList
		patience time.Duration
		drained  bool
		err      error
		waited   time.Duration // at most; exactly, if it is patience
	}{
		{"at once", t.Context(), drainList{}, time.Minute, true, nil, 0},
		{"at once, without patience", t.Context(), drainList{}, 0, true, nil, 0},
		{"after some looks", t.Context(), drainList{looks: 10}, time.Minute, true, nil, 500 * time.Millisecond},
		{"never", t.Context(), drainList{looks: 1 << 30}, time.Minute, false, nil, time.Minute},
		{"Redis away", t.Context(), drainList{err: away}, time.Minute, false, away, 0},
		{"told to end", ended, drainList{looks: 10}, time.Minute, false, context.Canceled, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			drained, err := fleet.WaitDrained(test.ctx, &test.list, site.Server(3001), test.patience)
			waited := time.Since(began)
			if drained != test.drained || err != test.err || waited > test.waited || test.waited == test.patience && waited != test.waited {
				t.Errorf("%s: got %v, %v after %v, want %v, %v after %v", test.name, drained, err, waited, test.drained, test.err, test.waited)
			}
		})
	}
}
