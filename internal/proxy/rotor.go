package proxy

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"deux/internal/fleet"
)

// rotation is the lists of one proxy, as far as requests need them.
type rotation interface {
	Next(ctx context.Context) (fleet.Server, error)
	Read(ctx context.Context) (listed, draining []fleet.Server, err error)
	Drained(ctx context.Context, server fleet.Server) error
}

// rotor says which server gets a request: the next in rotation, and while
// Redis is away or the list is empty, the next in the list that was read last.
type rotor struct {
	lists   rotation
	flights *flights
	hangUp  func() // closes the connections that no request uses
	log     *slog.Logger

	away  atomic.Bool // Redis did not answer the last time
	turn  atomic.Uint64
	known atomic.Pointer[[]fleet.Server] // listed when last read and not empty

	garbage sync.Map // elements already complained of
}

func newRotor(lists rotation, hangUp func(), log *slog.Logger) *rotor {
	r := &rotor{lists: lists, flights: newFlights(), hangUp: hangUp, log: log}
	r.known.Store(new([]fleet.Server))
	return r
}

// errRedisAway means that nothing can be asked of Redis just now.
var errRedisAway = errors.New("no answer from Redis")

// next picks a server for a request and counts the request as in flight to
// it until flights.end. It returns fleet.ErrNoServers when there is none, or
// errRedisAway when there may be some.
func (r *rotor) next(ctx context.Context) (fleet.Server, error) {
	picked := r.flights.picking()
	defer picked()
	server, err := r.fromList(ctx)
	if err != nil {
		known := false
		if server, known = r.fromMemory(); !known {
			return fleet.Server{}, err
		}
	}
	r.flights.begin(server)
	return server, nil
}

// maxGarbage is how many elements that are no servers one pick steps over.
const maxGarbage = 100

func (r *rotor) fromList(ctx context.Context) (fleet.Server, error) {
	if r.away.Load() {
		return fleet.Server{}, errRedisAway
	}
	var err error
	for range maxGarbage {
		var server fleet.Server
		server, err = r.lists.Next(ctx)
		invalid := new(fleet.InvalidError)
		if !errors.As(err, &invalid) {
			r.notice(ctx, err)
			if r.away.Load() {
				err = errRedisAway
			}
			return server, err
		}
		if _, said := r.garbage.LoadOrStore(invalid.Element, true); !said {
			r.log.Warn("Element passed over", "element", invalid.Element, "error", invalid)
		}
	}
	return fleet.Server{}, err
}

// notice remembers whether Redis answers.
func (r *rotor) notice(ctx context.Context, err error) {
	down := err != nil && !errors.Is(err, fleet.ErrNoServers)
	if down && ctx.Err() != nil {
		return // the client went away, which says nothing of Redis
	}
	if r.away.Swap(down) == down {
		return
	}
	if down {
		r.log.Warn("Redis does not answer, going on with the servers known last", "error", err)
	} else {
		r.log.Info("Redis answers again")
	}
}

func (r *rotor) fromMemory() (server fleet.Server, known bool) {
	all := *r.known.Load()
	if len(all) == 0 {
		return fleet.Server{}, false
	}
	return all[(r.turn.Add(1)-1)%uint64(len(all))], true
}

// size returns how many servers are known.
func (r *rotor) size() int { return len(*r.known.Load()) }

// refresh reads the lists once: it remembers the servers for a time without
// Redis, and takes off the drain list those whose last request has ended.
//
// Before, it hangs up on them: many a server waits for its clients to do so
// when it is told to stop (http.Server.Shutdown of Go: five seconds for a
// connection that was opened to spare and never used). That the others have to
// be dialled again too is cheap.
func (r *rotor) refresh(ctx context.Context) {
	listed, draining, err := r.lists.Read(ctx)
	r.notice(ctx, err)
	if err != nil {
		return
	}
	if len(listed) == 0 {
		listed = slices.Clone(*r.known.Load())
	}
	listed = slices.DeleteFunc(listed, func(s fleet.Server) bool { return slices.Contains(draining, s) })
	r.known.Store(&listed)
	if len(draining) == 0 || !r.flights.settle(ctx) {
		return
	}
	drained := slices.DeleteFunc(slices.Clone(draining), func(s fleet.Server) bool { return r.flights.count(s) != 0 })
	if len(drained) > 0 {
		r.hangUp()
	}
	for _, server := range drained {
		r.notice(ctx, r.lists.Drained(ctx, server))
	}
}
