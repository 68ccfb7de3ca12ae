package infrastructure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

const bluePort = 50200

// fakeApps is Docker and the apps in it, in memory: one container of blue's,
// which the test breaks.
type fakeApps struct {
	mu        sync.Mutex
	exists    bool
	name      string
	condition engine.Condition
	status    int           // of the answer
	delay     time.Duration // until it comes
	refuses   bool
	repair    error // what every repair returns
	events    []string
	log       strings.Builder
}

// Write makes it the log's end.
func (f *fakeApps) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(line)
}

func (f *fakeApps) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeApps) AllReleases(context.Context) ([]engine.Release, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.exists {
		return nil, nil
	}
	return []engine.Release{{ID: "id", Name: f.name, Colour: "blue", Port: bluePort,
		Running: f.condition.State == engine.StateRunning}}, nil
}

func (f *fakeApps) Condition(context.Context, string) (engine.Condition, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.exists {
		return engine.Condition{}, engine.ErrNoContainer
	}
	return f.condition, nil
}

// repaired notes a repair, which makes everything well unless it fails.
func (f *fakeApps) repaired(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, what)
	if f.repair == nil {
		f.exists, f.refuses, f.delay, f.status = true, false, 0, 200
		f.condition = engine.Condition{State: engine.StateRunning}
	}
	return f.repair
}

func (f *fakeApps) Restart(context.Context, string, time.Duration) error {
	return f.repaired("restart")
}
func (f *fakeApps) StartAgain(context.Context, string) error { return f.repaired("start") }
func (f *fakeApps) Unpause(context.Context, string) error    { return f.repaired("unpause") }

func (f *fakeApps) ask(ctx context.Context, _ fleet.Server) (int, error) {
	f.mu.Lock()
	refuses, delay, status := f.refuses, f.delay, f.status
	f.mu.Unlock()
	if refuses {
		return 0, errors.New("connection refused")
	}
	select {
	case <-time.After(delay):
		return status, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// apps is a watcher on a real Redis and a fake Docker.
type apps struct {
	*fakeApps
	t       *testing.T
	cli     *redis.Client
	watcher *watcher
}

func newApps(t *testing.T) *apps {
	t.Helper()
	address := redistest.Address(t)
	lists := fleet.Open(fleet.Redis{Address: address}, site)
	fake := &fakeApps{exists: true, name: "blue-app", status: 200, condition: engine.Condition{State: engine.StateRunning}}
	a := &apps{fakeApps: fake, t: t, cli: redis.NewClient(&redis.Options{Addr: address})}
	config := Config{WatchInterval: 20 * time.Millisecond, HangTimeout: 3 * time.Second}
	a.watcher = newWatcher(config, lists, fake, newComplaints(slog.New(slog.NewTextHandler(fake, nil))))
	a.watcher.ask = fake.ask
	a.watcher.heal = func(context.Context, string) error { return fake.repaired("heal") }
	t.Cleanup(func() { lists.Close(); a.cli.Close() })
	a.put("blueServers", url(bluePort))
	return a
}

func (a *apps) put(key, element string) {
	a.t.Helper()
	if err := a.cli.RPush(a.t.Context(), key, element).Err(); err != nil {
		a.t.Fatal(err)
	}
}

func (a *apps) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { a.watcher.run(ctx); close(ended) }()
	a.t.Cleanup(func() { cancel(); <-ended })
}

func (a *apps) eventually(what string, reached func() bool) {
	a.t.Helper()
	for end := time.Now().Add(20 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.t.Fatalf("never: %s; Docker saw %q; the log:\n%s", what, a.events, a.log.String())
		}
	}
}

// logged waits until the log has the text.
func (a *apps) logged(text string) {
	a.t.Helper()
	a.eventually("log: "+text, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return strings.Contains(a.log.String(), text)
	})
}

// saw waits until Docker was told to do exactly this.
func (a *apps) saw(want ...string) {
	a.t.Helper()
	a.eventually(fmt.Sprintf("events %q", want), func() bool { return slices.Equal(a.seen(), want) })
}

func (a *apps) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.events)
}

func (a *apps) failing(want ...string) {
	a.t.Helper()
	a.eventually(fmt.Sprintf("failedBlueServers %q", want), func() bool {
		return slices.Equal(a.cli.LRange(context.Background(), "failedBlueServers", 0, -1).Val(), want)
	})
}
