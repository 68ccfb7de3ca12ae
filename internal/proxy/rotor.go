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
	log     *slog.Logger

	away  atomic.Bool // Redis did not answer the last time
	turn  atomic.Uint64
	known atomic.Pointer[[]fleet.Server] // listed when last read and not empty

	garbage sync.Map // elements already complained of
}

func newRotor(lists rotation, log *slog.Logger) *rotor {
	r := &rotor{lists: lists, flights: newFlights(), log: log}
	r.known.Store(new([]fleet.Server))
	return r
}

// next picks a server for a request and counts the request as in flight to
// it until flights.end. It returns fleet.ErrNoServers when there is none.
func (r *rotor) next(ctx context.Context) (fleet.Server, error) {
	picked := r.flights.picking()
	defer picked()
	server, err := r.fromList(ctx)
	if err != nil {
		server, err = r.fromMemory()
	}
	if err == nil {
		r.flights.begin(server)
	}
	return server, err
}

// maxGarbage is how many elements that are no servers one pick steps over.
const maxGarbage = 100

func (r *rotor) fromList(ctx context.Context) (fleet.Server, error) {
	if r.away.Load() {
		return fleet.Server{}, fleet.ErrNoServers
	}
	var err error
	for range maxGarbage {
		var server fleet.Server
		server, err = r.lists.Next(ctx)
		invalid := new(fleet.InvalidError)
		if !errors.As(err, &invalid) {
			r.notice(ctx, err)
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

func (r *rotor) fromMemory() (fleet.Server, error) {
	known := *r.known.Load()
	if len(known) == 0 {
		return fleet.Server{}, fleet.ErrNoServers
	}
	return known[(r.turn.Add(1)-1)%uint64(len(known))], nil
}

// size returns how many servers are known.
func (r *rotor) size() int { return len(*r.known.Load()) }

// refresh reads the lists once: it remembers the servers for a time without
// Redis, and takes off the drain list those whose last request has ended.
func (r *rotor) refresh(ctx context.Context) {
	listed, draining, err := r.lists.Read(ctx)
	r.notice(ctx, err)
	if err != nil {
		return
	}
	listed = slices.DeleteFunc(listed, func(s fleet.Server) bool { return slices.Contains(draining, s) })
	if len(listed) > 0 {
		r.known.Store(&listed)
	}
	if len(draining) == 0 || !r.flights.settle(ctx) {
		return
	}
	for _, server := range draining {
		if r.flights.count(server) == 0 {
			r.notice(ctx, r.lists.Drained(ctx, server))
		}
	}
}
