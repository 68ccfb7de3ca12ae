package infrastructure

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

func url(port int) string { return site.Server(port).URL }

// world is a poller on a real Redis and a fake Docker.
type world struct {
	*fakeDocker
	*redistest.CLI
	t      *testing.T
	fleet  *fleet.Fleet
	poller *Poller
	tell   context.CancelFunc // tells the poller that runs to end
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cli := redistest.Open(t)
	w := &world{fakeDocker: newFakeDocker(), CLI: cli, t: t, fleet: fleet.Open(fleet.Redis{Address: cli.Address}, site)}
	config := Config{Site: site, Fleet: "test", Var: t.TempDir(), Parallel: 4, Attempts: 2, StartTimeout: time.Minute,
		DrainTimeout: 200 * time.Millisecond, SpawnTimeout: time.Minute, LevelInterval: 20 * time.Millisecond}
	w.next(config)
	t.Cleanup(func() { w.fleet.Close() })
	return w
}

// next makes the poller another process, which knows nothing of the one before.
func (w *world) next(config Config) {
	w.poller = newPoller(config, w.fleet, w.fakeDocker, w.fakeDocker, newComplaints(slog.New(slog.DiscardHandler)))
	w.poller.probe, w.poller.pauses = w.fakeDocker.probe, soon
}

// start runs the poller until the returned function or the test ends.
func (w *world) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.poller.run(ctx); close(ended) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	w.tell = cancel
	w.t.Cleanup(stop)
	return stop
}

// want waits until the list holds the elements, in any order.
func (w *world) want(key string, want ...string) {
	w.t.Helper()
	w.WantSoon(key, want, w.told)
}

// told returns what Docker was told to do.
func (w *world) told() (events string) {
	w.locked(func() { events = fmt.Sprintf("Docker saw %q", w.events) })
	return events
}

// wantEvent waits until Docker was told to do something.
func (w *world) wantEvent(event string) {
	w.t.Helper()
	redistest.Eventually(w.t, func() bool { return w.happened(event) }, func() {
		w.t.Fatalf("%s, want %q among it", w.told(), event)
	})
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
