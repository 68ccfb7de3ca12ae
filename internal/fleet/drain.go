package fleet

import (
	"context"
	"time"

	"deux/internal/program"
)

// drainPause is between two looks at a drain list.
const drainPause = 50 * time.Millisecond

// drainList is the drain list of one of the pools.
type drainList interface {
	IsDraining(ctx context.Context, server Server) (bool, error)
}

// WaitDrained waits until the proxy has no request to server in flight any more,
// at most for patience, and reports whether that came. The error is the first of
// Redis, or that of ctx.
func WaitDrained(ctx context.Context, list drainList, server Server, patience time.Duration) (bool, error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for range program.Pauses(waiting, drainPause/4, drainPause) {
		if isDraining, err := list.IsDraining(ctx, server); err != nil || !isDraining {
			return err == nil, err
		}
	}
	return false, ctx.Err()
}
