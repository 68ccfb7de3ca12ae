package infrastructure

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

func url(port int) string { return site.Server(port).URL }

// world is a poller on a real Redis and a fake Docker.
type world struct {
	*fakeDocker
	t      *testing.T
	fleet  *fleet.Fleet
	cli    *redis.Client
	poller *Poller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	address := redistest.Address(t)
	w := &world{fakeDocker: newFakeDocker(), t: t, fleet: fleet.Open(fleet.Redis{Address: address}, site),
		cli: redis.NewClient(&redis.Options{Addr: address})}
	config := Config{Site: site, Fleet: "test", Parallel: 4, Attempts: 2, StartTimeout: time.Second,
		DrainTimeout: 200 * time.Millisecond, SpawnTimeout: 10 * time.Second, LevelInterval: 50 * time.Millisecond}
	w.poller = newPoller(config, w.fleet, w.fakeDocker, w.fakeDocker, newComplaints(slog.New(slog.DiscardHandler)))
	w.poller.probe = w.fakeDocker.probe
	t.Cleanup(func() { w.fleet.Close(); w.cli.Close() })
	return w
}

// start runs the poller until the returned function or the test ends.
func (w *world) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.poller.run(ctx); close(ended) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	w.t.Cleanup(stop)
	return stop
}

func (w *world) put(key string, elements ...any) {
	w.t.Helper()
	if err := w.cli.RPush(w.t.Context(), key, elements...).Err(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) list(key string) []string {
	elements := w.cli.LRange(context.Background(), key, 0, -1).Val()
	slices.Sort(elements)
	return elements
}

// want waits until the list holds the elements, in any order.
func (w *world) want(key string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	w.eventually(func() bool { return slices.Equal(w.list(key), want) }, func() {
		w.t.Fatalf("%s: got %q, want %q; Docker saw %q", key, w.list(key), want, w.events)
	})
}

// wantEvent waits until Docker was told to do something.
func (w *world) wantEvent(event string) {
	w.t.Helper()
	w.eventually(func() bool { return w.happened(event) }, func() {
		w.t.Fatalf("Docker saw %q, want %q among it", w.events, event)
	})
}

func (w *world) eventually(reached func() bool, fail func()) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			fail()
		}
	}
}

// versions returns what the running servers were started from.
func (w *world) versions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for name := range w.running {
		all = append(all, w.version[name])
	}
	return all
}
