package proxy

import (
	"context"
	"slices"
	"time"
)

// wantAhead returns how many turns the stock lacks. With less than half in
// stock, turns are fetched again.
func (r *rotor) wantAhead() int {
	now := time.Now()
	if elapsed := now.Sub(r.counted); elapsed >= window {
		r.soon = int(float64(r.taken) * float64(ahead) / float64(elapsed))
		r.taken, r.counted = 0, now
	}
	if r.busy() >= crowd {
		r.crowded = now
	}
	if now.Sub(r.crowded) > crowdedFor {
		r.soon = 0
	}
	target := min(r.soon, mostAhead)
	r.low = target / 2
	return max(0, target-len(r.stock))
}

// fromMemory picks one of the servers known last, or returns otherwise. The
// caller holds the mutex.
func (r *rotor) fromMemory(otherwise error) (*upstream, error) {
	if len(r.known) == 0 {
		return nil, otherwise
	}
	to := r.known[r.turn%len(r.known)]
	r.turn++
	to.inFlight.Add(1)
	r.remembered.Add(1)
	return to, nil
}

// giveBackStale gives back the turns in stock, if all or if they have been there
// for a while, and reports whether some are left.
func (r *rotor) giveBackStale(ctx context.Context, all bool) (left bool) {
	r.mu.Lock()
	if !all && time.Since(r.stocked) < staleAfter {
		defer r.mu.Unlock()
		return len(r.stock) > 0
	}
	unused := 0
	for _, to := range r.stock {
		if to.inFlight.Add(-1); !to.draining.Load() {
			unused++
		}
	}
	r.stock, r.low, r.soon = r.stock[:0], 0, 0
	r.mu.Unlock()
	if unused == 0 {
		return false
	}
	r.returned.Add(int64(unused))
	within, cancel := context.WithTimeout(ctx, giveBackTimeout)
	defer cancel()
	if err := r.lists.GiveBack(within, unused); err != nil {
		r.notice(err)
		r.serveWaiting(nil, err)
	} else {
		r.notice(nil)
	}
	return false
}

// settle takes the turns for draining servers out of stock and waits for the
// fetch under way, so that no turn from before now can still come. It reports
// whether the fetch ended in time.
func (r *rotor) settle() bool {
	r.mu.Lock()
	fetching := r.fetching
	r.stock = slices.DeleteFunc(r.stock, (*upstream).dropTurn)
	r.mu.Unlock()
	if fetching == nil {
		return true
	}
	select {
	case <-fetching:
		return true
	case <-time.After(settleTimeout):
		return false
	}
}
