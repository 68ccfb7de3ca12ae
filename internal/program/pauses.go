package program

import (
	"context"
	"iter"
	"log/slog"
	"time"
)

// Sleep waits for the pause, or until ctx ends, and reports whether it waited
// to the end.
func Sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// Pauses is for work that is retried until it succeeds: it yields the number of
// each try, from 1, and waits between tries, at first for first, then twice as
// long each time, at most for most. It ends when ctx does, but not before the
// first try.
func Pauses(ctx context.Context, first, most time.Duration) iter.Seq[int] {
	return func(yield func(int) bool) {
		for try, pause := 1, first; yield(try) && Sleep(ctx, pause); try++ {
			pause = min(2*pause, most)
		}
	}
}

// Pace is how fast something that keeps dying is started again: after the pause
// First, then after twice as long each time, at most after Most. It starts over
// once a run has lasted for Steady.
type Pace struct{ First, Most, Steady time.Duration }

// next returns the pause after a run, given the last pause.
func (p Pace) next(last, lived time.Duration) time.Duration {
	if last == 0 || lived >= p.Steady {
		return p.First
	}
	return min(2*last, p.Most)
}

// Keep runs what should not end, and at that pace runs it again when it does,
// until ctx ends and the last run has ended. It logs each death.
func Keep(ctx context.Context, log *slog.Logger, what string, pace Pace, run func(context.Context) error) {
	var pause time.Duration
	for ctx.Err() == nil {
		started := time.Now()
		err := run(ctx)
		if ctx.Err() != nil {
			return
		}
		pause = pace.next(pause, time.Since(started))
		log.Error(what+" died", "error", err, "restart_in", pause)
		Sleep(ctx, pause)
	}
}
