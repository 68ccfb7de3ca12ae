package proxy

import (
	"context"
	"sync"
	"time"

	"deux/internal/fleet"
)

// flights counts the requests in flight to each server.
//
// A request is first picking, then in flight. A server that is seen to drain
// may still be given to requests that were picking when its list was read, so
// its count is only to be trusted after settle, which waits for those.
type flights struct {
	mu       sync.Mutex
	inFlight map[fleet.Server]int
	pickers  *sync.WaitGroup // the requests that pick since the last settle
}

func newFlights() *flights {
	return &flights{inFlight: make(map[fleet.Server]int), pickers: new(sync.WaitGroup)}
}

// picking begins a pick and returns what ends it.
func (f *flights) picking() (picked func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pickers.Add(1)
	return f.pickers.Done
}

func (f *flights) begin(server fleet.Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight[server]++
}

func (f *flights) end(server fleet.Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.inFlight[server]--; f.inFlight[server] == 0 {
		delete(f.inFlight, server)
	}
}

func (f *flights) count(server fleet.Server) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inFlight[server]
}

// settleTimeout bounds a settle: with Redis away a pick takes seconds.
const settleTimeout = time.Second

// settle waits for every pick that has begun and tells whether all ended in
// time. Picks that begin meanwhile are not waited for.
func (f *flights) settle(ctx context.Context) bool {
	f.mu.Lock()
	earlier := f.pickers
	f.pickers = new(sync.WaitGroup)
	f.mu.Unlock()

	settled := make(chan struct{})
	go func() { earlier.Wait(); close(settled) }()
	select {
	case <-settled:
		return true
	case <-ctx.Done():
	case <-time.After(settleTimeout):
		f.carryOver(earlier)
	}
	return false
}

// carryOver makes the next settle wait for unfinished picks too.
func (f *flights) carryOver(earlier *sync.WaitGroup) {
	f.mu.Lock()
	defer f.mu.Unlock()
	current := f.pickers
	current.Add(1)
	go func() { earlier.Wait(); current.Done() }()
}
