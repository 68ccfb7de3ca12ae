package program

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
)

// Outage says once in the log that something which a program needs is away, and
// once that it is back, however often the program asks in between. It may be
// used by several goroutines at once.
type Outage struct {
	log  *slog.Logger
	what string
	on   atomic.Bool
}

// NewOutage returns the outages of what, such as "Redis". Until the first error
// it counts as being there.
func NewOutage(log *slog.Logger, what string) *Outage { return &Outage{log: log, what: what} }

// Note takes the outcome of one use of it: nil if it answered, or else why not.
// An error because a caller did not want the answer any more says nothing
// (context.Canceled).
func (o *Outage) Note(err error) {
	if err == nil {
		if o.on.CompareAndSwap(true, false) {
			o.log.Info(o.what + " is back")
		}
	} else if !errors.Is(err, context.Canceled) && o.on.CompareAndSwap(false, true) {
		o.log.Warn(o.what+" is away", "error", err)
	}
}

// IsOn reports whether it did not answer the last time.
func (o *Outage) IsOn() bool { return o.on.Load() }
