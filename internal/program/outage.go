package program

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
)

// Outage logs once that something a program needs is away, and once that it is
// back, however often the program asks in between. Several goroutines may use
// it at once.
type Outage struct {
	log  *slog.Logger
	what string
	on   atomic.Bool
}

// NewOutage returns the outages of what, such as "Redis". It counts as
// available until the first error.
func NewOutage(log *slog.Logger, what string) *Outage { return &Outage{log: log, what: what} }

// Note takes the outcome of one use of it: nil if it answered, else why not.
// context.Canceled says nothing: the caller no longer wanted the answer.
func (o *Outage) Note(err error) {
	if err == nil {
		if o.on.CompareAndSwap(true, false) {
			o.log.Info(o.what + " is back")
		}
	} else if !errors.Is(err, context.Canceled) && o.on.CompareAndSwap(false, true) {
		o.log.Warn(o.what+" is away", "error", err)
	}
}

// IsOn reports whether the last use failed.
func (o *Outage) IsOn() bool { return o.on.Load() }
