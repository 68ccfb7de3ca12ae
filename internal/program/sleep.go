package program

import (
	"context"
	"time"
)

// Sleep waits for the pause, or until ctx ends, and tells whether it waited to
// the end.
func Sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
