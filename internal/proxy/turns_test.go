package proxy

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
)

// fakeLists is a rotation that a test holds up, to force what a real Redis does
// only rarely.
type fakeLists struct {
	server     fleet.Server
	entered    chan struct{} // gets a value when turns are fetched
	release    chan struct{} // lets them go on
	draining   []fleet.Server
	drained    chan fleet.Server
	drainError error
	returned   chan int
}

func newFakeLists() *fakeLists {
	return &fakeLists{
		server: fleet.Server{URL: "http://127.0.0.1:3001", Port: 3001}, entered: make(chan struct{}, 100),
		release: make(chan struct{}), drained: make(chan fleet.Server, 1), returned: make(chan int, 1),
	}
}

func (f *fakeLists) Next(_ context.Context, n int) (servers []fleet.Server, _ []*fleet.InvalidError, _ error) {
	f.entered <- struct{}{}
	<-f.release
	for range n {
		servers = append(servers, f.server)
	}
	return servers, nil, nil
}

func (f *fakeLists) Read(context.Context) (listed, draining []fleet.Server, err error) {
	return nil, f.draining, nil
}

func (f *fakeLists) AwaitDrain(ctx context.Context, _ time.Duration) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

func (f *fakeLists) Drained(_ context.Context, server fleet.Server) error {
	f.drained <- server
	return f.drainError
}

func (f *fakeLists) GiveBack(_ context.Context, n int) error {
	f.returned <- n
	return nil
}

// startRotor returns a rotor whose fetch loop runs until the test ends.
func startRotor(t *testing.T, lists *fakeLists) *rotor {
	t.Helper()
	r := newRotor(lists, lists, slog.New(slog.DiscardHandler))
	r.startFetching(t)
	return r
}

func (r *rotor) startFetching(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() { r.fetchLoop(ctx) })
	t.Cleanup(func() { stop(); loop.Wait() })
}

func TestRotor_WaitsForATurnThatWasFetchedBeforeTheServerDrained(t *testing.T) {
	lists := newFakeLists()
	lists.draining = []fleet.Server{lists.server}
	r := startRotor(t, lists)
	var requests, refreshing sync.WaitGroup
	requests.Go(func() { _, _ = r.take(newWaiter()) })
	<-lists.entered // Redis has rotated, and its answer is on the way
	refreshing.Go(func() { r.refresh(t.Context()) })
	eventually(t, func() bool { // the refresh has read the lists
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.all[lists.server] != nil
	})
	close(lists.release)
	requests.Wait()
	refreshing.Wait()
	select {
	case <-lists.drained:
		t.Error("a server was reported drained while a request was on the way to it")
	default:
	}
	r.all[lists.server].inFlight.Add(-1)
	r.refresh(t.Context())
	if got := <-lists.drained; got != lists.server {
		t.Errorf("drained: got %v, want %v", got, lists.server)
	}
}

func TestRotor_GivesBackWhatNoRequestUses(t *testing.T) {
	lists := newFakeLists()
	close(lists.release)
	r := newRotor(lists, lists, slog.New(slog.DiscardHandler))
	for range 3 {
		to := r.upstreamOf(lists.server)
		to.inFlight.Add(1)
		r.stock = append(r.stock, to)
	}
	r.stocked = time.Now()
	if _, err := r.take(newWaiter()); err != nil {
		t.Fatal(err)
	}
	r.startFetching(t)
	r.wakeFetcher() // as a request does that finds the stock low
	if got := <-lists.returned; got != 2 {
		t.Errorf("given back: got %d turns, want the 2 that no request used", got)
	}
	if got := r.upstreams()[0].inFlight.Load(); got != 1 {
		t.Errorf("in flight: got %d, want the 1 that was used", got)
	}
}

func TestRotor_GivesNoTurnInStockToAServerThatDrains(t *testing.T) {
	lists := newFakeLists()
	r := newRotor(lists, lists, slog.New(slog.DiscardHandler))
	to := r.upstreamOf(lists.server)
	to.inFlight.Add(1)
	to.draining.Store(true)
	r.stock = []*upstream{to}
	r.redis.Note(errors.New("refused")) // so that take does not fetch
	if got, err := r.take(newWaiter()); !errors.Is(err, errRedisAway) {
		t.Errorf("got %v, %v, want %v", got, err, errRedisAway)
	}
	if got := to.inFlight.Load(); got != 0 {
		t.Errorf("in flight: got %d, want 0", got)
	}
}

func TestRotor_UsesTheFirstTurnOfAServerThatIsListedAgainAfterItsDrain(t *testing.T) {
	lists := newFakeLists()
	lists.draining = []fleet.Server{lists.server}
	r := newRotor(lists, lists, slog.New(slog.DiscardHandler))
	r.refresh(t.Context())
	<-lists.drained
	r.serveWaiting([]fleet.Server{lists.server}, nil) // it was listed again, and has a turn in stock
	r.redis.Note(errors.New("refused"))               // so that take does not fetch
	got, err := r.take(newWaiter())
	if err != nil || got.Server != lists.server {
		t.Errorf("got %v, %v, want the turn of %v", got, err, lists.server)
	}
}

func TestRotor_LetsAServerDrainOnWhenRedisDoesNotTakeItsEnd(t *testing.T) {
	lists := newFakeLists()
	lists.draining, lists.drainError = []fleet.Server{lists.server}, errors.New("gone")
	r := newRotor(lists, lists, slog.New(slog.DiscardHandler))
	r.refresh(t.Context())
	if got := r.drained.Load(); got != 0 || !r.upstreams()[0].draining.Load() {
		t.Errorf("got %d servers drained, want 0 and it to drain on", got)
	}
	<-lists.drained
	lists.drainError = nil
	r.refresh(t.Context())
	if got := r.drained.Load(); got != 1 {
		t.Errorf("got %d servers drained when Redis was back, want 1", got)
	}
}
