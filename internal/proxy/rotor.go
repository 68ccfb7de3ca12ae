package proxy

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// rotor decides which server gets a request: the next in rotation or, while
// Redis is away or the list is empty, the next of those known last.
type rotor struct {
	lists rotation
	turns turns
	log   *slog.Logger
	busy  func() int // requests under way

	redis   *program.Outage
	garbage sync.Map // elements already logged
	wake    chan struct{}
	fetcher sync.Mutex  // held while turns are fetched
	reading sync.Mutex  // held while the lists are read
	barren  int         // elements fetched in a row that are not servers; guarded by fetcher
	stale   *time.Timer // when turns in stock are to be given back

	fetched, stored, returned, remembered atomic.Int64 // turns
	drained                               atomic.Int64 // servers
	readAt                                atomic.Int64 // when the lists were last read, Unix nanoseconds

	mu       sync.Mutex
	all      map[fleet.Server]*upstream
	listed   []fleet.Server // when last read
	known    []*upstream    // listed when last read and not empty, without those that drain
	turn     int            // in known
	stock    []*upstream    // turns fetched ahead, the oldest first
	stocked  time.Time      // when the last of them was fetched
	low      int            // with fewer in stock, more are fetched
	soon     int            // how many are wanted within the time ahead
	taken    int            // by requests since counted
	counted  time.Time
	crowded  time.Time // when there was last a crowd
	waiting  []*waiter
	fetching chan struct{} // closed when the last fetch has ended
}

func newRotor(lists rotation, turns turns, log *slog.Logger) *rotor {
	return &rotor{
		lists: lists, turns: turns, log: log, redis: program.NewOutage(log, "Redis"), busy: func() int { return 0 },
		wake: make(chan struct{}, 1), stale: time.NewTimer(staleAfter), all: make(map[fleet.Server]*upstream),
	}
}

// upstreamOf returns the server's upstream. The caller holds the mutex.
func (r *rotor) upstreamOf(server fleet.Server) *upstream {
	to, known := r.all[server]
	if !known {
		to = &upstream{Server: server}
		r.all[server] = to
	}
	return to
}

// upstreams returns every server that the proxy has seen.
func (r *rotor) upstreams() []*upstream {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*upstream, 0, len(r.all))
	for _, to := range r.all {
		all = append(all, to)
	}
	return all
}

// others reports whether a known server other than to is not left out.
func (r *rotor) others(to *upstream, now *clock) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.known, func(other *upstream) bool { return other != to && !other.isOut(now) })
}

// size returns how many servers are known.
func (r *rotor) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.known)
}

// hasListed reports whether the server was in rotation when the lists were last
// read.
func (r *rotor) hasListed(server fleet.Server) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.listed, server)
}

const (
	// busyPause is between two reads of the lists while there are requests,
	// servers drain or Redis is away.
	busyPause = 50 * time.Millisecond
	// restPause is the same at rest. A drain is still noticed at once; only what
	// is remembered in case Redis goes away may be that old.
	restPause = 20 * time.Second
	// longestPause is between two looks at a drain list that does not change.
	longestPause = time.Second
	// drainPatience is how long one blocking read of the drain list lasts.
	drainPatience = 30 * time.Second
)

// watchLists keeps what is known of the lists up to date until ctx ends. At rest
// it waits for a drain or a request, at most for restPause.
func (r *rotor) watchLists(ctx context.Context, drains <-chan struct{}) {
	rest := time.NewTicker(restPause)
	defer rest.Stop()
	seen := int64(-1)
	for ctx.Err() == nil {
		draining := r.refresh(ctx)
		for {
			turned := r.fetched.Load()
			if draining || r.redis.IsOn() || turned != seen {
				seen = turned
				program.Sleep(ctx, busyPause)
				break
			}
			if woken(ctx, drains, rest.C) {
				break
			}
		}
	}
}

// woken waits briefly for a reason to read the lists, and reports whether there
// was one.
func woken(ctx context.Context, drains <-chan struct{}, rest <-chan time.Time) bool {
	select {
	case <-ctx.Done():
	case <-drains:
	case <-rest:
	case <-time.After(busyPause):
		return false
	}
	return true
}

// watchDrains signals on drains when a server drains, until ctx ends.
func (r *rotor) watchDrains(ctx context.Context, drains chan<- struct{}) {
	pause := busyPause
	for ctx.Err() == nil {
		began := time.Now()
		drain, err := r.lists.AwaitDrain(ctx, drainPatience)
		if time.Since(began) > busyPause {
			pause = busyPause
		}
		if !drain && err == nil {
			continue
		}
		if drain {
			select {
			case drains <- struct{}{}:
			default:
			}
		}
		program.Sleep(ctx, pause)
		pause = min(2*pause, longestPause) // watchLists now polls by itself, unless the drain list holds garbage
	}
}

// refresh reads the lists once. It remembers the servers in case Redis goes
// away, takes those whose last request has ended off the drain list after
// closing its connections to them (upstream.sweep), and reports whether any
// still drain.
func (r *rotor) refresh(ctx context.Context) (drain bool) {
	r.reading.Lock() // or an older read could be remembered last
	defer r.reading.Unlock()
	listed, draining, err := r.lists.Read(ctx)
	if ctx.Err() != nil {
		return false
	}
	r.notice(err)
	if err != nil {
		return false
	}
	r.readAt.Store(time.Now().UnixNano())
	leaving := r.remember(listed, draining)
	if len(leaving) == 0 || !r.settle() {
		return len(leaving) > 0
	}
	for _, to := range leaving {
		if to.inFlight.Load() > 0 {
			drain = true
			continue
		}
		r.endDrain(ctx, to)
	}
	return drain
}

// endDrain takes a server with nothing in flight off the drain list. From now on
// it may be listed again, and the next turn for it is to be used.
func (r *rotor) endDrain(ctx context.Context, to *upstream) {
	to.sweep(nil, true)
	err := r.lists.Drained(ctx, to.Server)
	r.notice(err)
	if err == nil {
		to.draining.Store(false)
		r.drained.Add(1)
	}
}

// remember stores what the lists say, and returns the servers that drain.
func (r *rotor) remember(listed, draining []fleet.Server) (leaving []*upstream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, server := range listed {
		if !slices.Contains(r.listed, server) {
			r.upstreamOf(server).forgive() // a server is listed once it has answered
		}
	}
	r.listed = listed
	for _, server := range draining {
		leaving = append(leaving, r.upstreamOf(server))
	}
	for _, to := range r.all {
		to.draining.Store(slices.Contains(leaving, to))
	}
	if len(listed) > 0 {
		r.known = r.known[:0:0]
		for _, server := range listed {
			r.known = append(r.known, r.upstreamOf(server))
		}
	}
	r.known = slices.DeleteFunc(r.known, func(to *upstream) bool { return to.draining.Load() })
	return leaving
}
