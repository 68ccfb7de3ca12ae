package proxy

import (
	"context"
	"errors"
	"time"

	"deux/internal/fleet"
)

// A turn is one rotation of the list: the right to send one request to the
// server that it returned. Turns are fetched in pipelines, so that under load a
// request finds one ready. Each counts as in flight to its server from the
// moment it is fetched, so a server has not drained while a turn for it may
// still be used.

const (
	// crowd is how many concurrent requests it takes to fetch turns ahead. Fewer
	// get theirs one by one, and the list shows each.
	crowd = 4
	// crowdedFor is how long turns are fetched ahead after the last crowd: a
	// moment with fewer requests must not make them wait.
	crowdedFor = 100 * time.Millisecond
	// ahead is how long before their use turns are fetched. window is how long
	// requests are counted to estimate how many turns that will be.
	ahead  = 4 * time.Millisecond
	window = 4 * time.Millisecond
	// mostAhead bounds the turns in stock.
	mostAhead = 512
	// staleAfter is when unused turns are given back.
	staleAfter = 10 * time.Millisecond
	// settleTimeout is longer than a fetch may last.
	settleTimeout = 3 * time.Second
	// giveBackTimeout is how long requests may wait for turns being given back.
	giveBackTimeout = time.Second
	// mostGarbage is how many elements in a row that are not servers make the
	// list count as empty.
	mostGarbage = 100
)

// rotation is one proxy's lists.
type rotation interface {
	Read(ctx context.Context) (listed, draining []fleet.Server, err error)
	AwaitDrain(ctx context.Context, patience time.Duration) (bool, error)
	Drained(ctx context.Context, server fleet.Server) error
	GiveBack(ctx context.Context, n int) error
}

// turns rotates the list.
type turns interface {
	Next(ctx context.Context, n int) ([]fleet.Server, []*fleet.InvalidError, error)
}

// waiter is a request without a turn.
type waiter struct {
	given chan struct{} // has room for one
	to    *upstream
	err   error
}

func newWaiter() *waiter { return &waiter{given: make(chan struct{}, 1)} }

// take gives a request its turn: one in stock, else one fetched now or, while
// Redis is away or the list is empty, one from memory. It returns
// fleet.ErrNoServers if there is no server, errRedisAway if there may be some.
func (r *rotor) take(w *waiter) (*upstream, error) {
	r.mu.Lock()
	r.taken++
	for len(r.stock) > 0 {
		to := r.stock[0]
		r.stock = r.stock[1:]
		if to.dropTurn() {
			continue
		}
		if len(r.stock) < r.low {
			r.wakeFetcher()
		}
		r.mu.Unlock()
		return to, nil
	}
	if r.redis.IsOn() {
		defer r.mu.Unlock()
		return r.fromMemory(errRedisAway)
	}
	r.waiting = append(r.waiting, w)
	if r.fetcher.TryLock() { // a lone request needs no other goroutine to run
		r.mu.Unlock()
		r.fetch()
		r.fetcher.Unlock()
	} else {
		r.wakeFetcher()
		r.mu.Unlock()
	}
	<-w.given
	return w.to, w.err
}

func (r *rotor) wakeFetcher() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// fetchLoop fetches turns until ctx ends, then gives back what is in stock.
func (r *rotor) fetchLoop(ctx context.Context) {
	defer r.stale.Stop()
	for {
		select {
		case <-r.wake:
			r.fetcher.Lock()
			r.fetch()
			r.fetcher.Unlock()
		case <-r.stale.C:
			r.fetcher.Lock() // or the list would be rotated out of order
			if r.giveBackStale(ctx, false) {
				r.stale.Reset(staleAfter)
			}
			r.fetcher.Unlock()
		case <-ctx.Done():
			r.fetcher.Lock()
			r.giveBackStale(context.WithoutCancel(ctx), true)
			r.fetcher.Unlock()
			r.serveWaiting(nil, context.Cause(ctx))
			return
		}
	}
}

// fetch gets a turn for each waiting request and, under load, as many more as
// will be wanted soon.
func (r *rotor) fetch() {
	r.mu.Lock()
	want := len(r.waiting) + r.wantAhead()
	if want == 0 {
		r.mu.Unlock()
		return
	}
	fetched := make(chan struct{})
	r.fetching = fetched
	r.mu.Unlock()

	servers, garbage, err := r.turns.Next(context.Background(), want)
	r.notice(err)
	r.complain(garbage)
	r.barren += len(garbage)
	if len(servers) > 0 {
		r.barren = 0
	} else if err == nil && r.barren >= mostGarbage {
		r.barren, err = 0, fleet.ErrNoServers
	}
	r.serveWaiting(servers, err)
	close(fetched)
}

// serveWaiting hands out what was fetched, to waiting requests first. Those left
// without a turn keep waiting, unless there is an error.
func (r *rotor) serveWaiting(servers []fleet.Server, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	served := 0
	for _, server := range servers {
		to := r.upstreamOf(server)
		to.inFlight.Add(1)
		if served < len(r.waiting) {
			r.give(r.waiting[served], to, nil)
			served++
			continue
		}
		r.stock = append(r.stock, to)
		r.stocked = time.Now()
		r.stored.Add(1)
	}
	if len(r.stock) > 0 {
		r.stale.Reset(staleAfter)
	}
	r.fetched.Add(int64(len(servers)))
	if err != nil {
		if r.redis.IsOn() {
			err = errRedisAway
		}
		for ; served < len(r.waiting); served++ {
			to, err := r.fromMemory(err)
			r.give(r.waiting[served], to, err)
		}
	}
	r.waiting = append(r.waiting[:0], r.waiting[served:]...)
	if len(r.waiting) > 0 {
		r.wakeFetcher()
	}
}

func (r *rotor) give(w *waiter, to *upstream, err error) {
	w.to, w.err = to, err
	w.given <- struct{}{}
}

// complain logs elements that are not servers, each once.
func (r *rotor) complain(garbage []*fleet.InvalidError) {
	for _, invalid := range garbage {
		if _, said := r.garbage.LoadOrStore(invalid.Element, true); !said {
			r.log.Warn("Element passed over", "element", invalid.Element, "error", invalid)
		}
	}
}

// notice remembers whether Redis answers. While it does not, the servers known
// last are used.
func (r *rotor) notice(err error) {
	if errors.Is(err, fleet.ErrNoServers) {
		err = nil
	}
	r.redis.Note(err)
}
