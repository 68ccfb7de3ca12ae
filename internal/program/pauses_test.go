package program

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// at returns the moments of each try, in seconds since the first.
func at(ctx context.Context, tries int) (moments []float64) {
	began := time.Now()
	for try := range Pauses(ctx, time.Second, 5*time.Second) {
		moments = append(moments, time.Since(began).Seconds())
		if try == tries {
			break
		}
	}
	return moments
}

func TestPauses_GrowUpToTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if got, want := at(t.Context(), 6), []float64{0, 1, 3, 7, 12, 17}; !slices.Equal(got, want) {
			t.Errorf("got tries at %v s, want %v", got, want)
		}
	})
}

func TestPauses_EndWithTheContextButNotBeforeTheFirstTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, end := context.WithCancel(t.Context())
		end()
		soon, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		for _, test := range []struct {
			ctx  context.Context
			want []float64
		}{{ended, []float64{0}}, {soon, []float64{0, 1}}} {
			began := time.Now()
			if got := at(test.ctx, 100); !slices.Equal(got, test.want) {
				t.Errorf("got tries at %v s, want %v", got, test.want)
			}
			if deadline, ok := test.ctx.Deadline(); ok && time.Now() != deadline {
				t.Errorf("got an end after %v, want it with the context", time.Since(began))
			}
		}
	})
}

func TestKeep_StartsAgainAtItsPaceAndOverAfterASteadyLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := Pace{First: time.Second, Most: 5 * time.Second, Steady: time.Minute}
		lives := []time.Duration{0, 0, 0, 0, 30 * time.Second, time.Minute, 0}
		var pauses []float64
		died := time.Now()
		var log bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		Keep(ctx, slog.New(slog.NewTextHandler(&log, nil)), "Socat", pace, func(context.Context) error {
			pauses = append(pauses, time.Since(died).Seconds())
			if len(pauses) > len(lives) {
				stop()
				return nil
			}
			time.Sleep(lives[len(pauses)-1])
			died = time.Now()
			return errors.New("exit status 1")
		})
		if want := []float64{0, 1, 2, 4, 5, 5, 1, 2}; !slices.Equal(pauses, want) {
			t.Errorf("got pauses of %v s, want %v", pauses, want)
		}
		if got := strings.Count(log.String(), `msg="Socat died" error="exit status 1" restart_in=`); got != len(lives) {
			t.Errorf("got %d deaths in the log, want %d:\n%s", got, len(lives), &log)
		}
	})
}

func TestKeep_EndsInAPauseToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer stop()
		began := time.Now()
		Keep(ctx, slog.New(slog.DiscardHandler), "Socat", Pace{First: time.Second}, func(context.Context) error { return errors.New("exit status 1") })
		if got := time.Since(began); got != 500*time.Millisecond {
			t.Errorf("got an end after %v, want 500ms", got)
		}
	})
}
