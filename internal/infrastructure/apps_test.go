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
	address   string // on which it is published; "" for every one
	condition engine.Condition
	status    int           // of the answer
	delay     time.Duration // until it comes
	slow      bool          // whether it comes only to those that wait longer than for a quick one
	asked     int           // how often it was asked
	listed    int           // how often Docker was asked for all releases
	refuses   bool
	killed    time.Time // when it exceeded its memory limit
	repair    error     // what every repair returns
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
	f.listed++
	if !f.exists {
		return nil, nil
	}
	return []engine.Release{{ID: "id", Name: f.name, Colour: "blue", Port: bluePort, Address: f.address,
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

func (f *fakeApps) MemoryKills(_ context.Context, _ string, since time.Time) (last time.Time, kills int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.killed.Before(since) {
		return time.Time{}, 0
	}
	return f.killed, 1
}

// repaired notes a repair, which makes everything well unless it fails.
func (f *fakeApps) repaired(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, what)
	if f.repair == nil {
		f.exists, f.refuses, f.slow, f.delay, f.status, f.address = true, false, false, 0, 200, site.Host
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
	f.asked++
	refuses, slow, delay, status := f.refuses, f.slow, f.delay, f.status
	f.mu.Unlock()
	if end, _ := ctx.Deadline(); slow && time.Until(end) <= hasty {
		delay = time.Hour
	}
	switch {
	case refuses:
		return 0, errors.New("connection refused")
	case delay == 0: // however long the host has stalled
		return status, nil
	}
	select {
	case <-time.After(delay):
		return status, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// hasty is how soon the watcher of a test calls an answer late.
const hasty = 20 * time.Millisecond

// apps is a watcher on a real Redis and a fake Docker.
type apps struct {
	*fakeApps
	*redistest.CLI
	t       *testing.T
	watcher *watcher
}

func newApps(t *testing.T) *apps {
	t.Helper()
	cli := redistest.Open(t)
	lists := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	fake := &fakeApps{exists: true, name: "blue-app", status: 200, condition: engine.Condition{State: engine.StateRunning}}
	a := &apps{fakeApps: fake, CLI: cli, t: t}
	config := Config{WatchInterval: 5 * time.Millisecond, HangTimeout: 100 * time.Millisecond}
	a.watcher = newWatcher(config, lists, fake, newComplaints(slog.New(slog.NewTextHandler(fake, nil))))
	a.watcher.quickAnswer, a.watcher.firstRepairPause = hasty, 10*time.Millisecond
	a.watcher.ask = fake.ask
	a.watcher.heal = func(context.Context, string) error { return fake.repaired("heal") }
	t.Cleanup(func() { lists.Close() })
	a.Put("blueServers", url(bluePort))
	return a
}

func (a *apps) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { a.watcher.run(ctx); close(ended) }()
	a.t.Cleanup(func() { cancel(); <-ended })
}

func (a *apps) eventually(what string, reached func() bool) {
	a.t.Helper()
	redistest.Eventually(a.t, reached, func() {
		a.t.Fatalf("never: %s; Docker saw %q; the log:\n%s", what, a.seen(), a.text())
	})
}

// logged waits until the log has the text.
func (a *apps) logged(text string) {
	a.t.Helper()
	a.eventually("log: "+text, func() bool { return strings.Contains(a.text(), text) })
}

// text returns the log.
func (a *apps) text() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.String()
}

// looks waits until the watcher has looked so often more.
func (a *apps) looks(more int) {
	a.t.Helper()
	listed := func() (n int) { a.set(func() { n = a.listed }); return n }
	before := listed()
	a.eventually(fmt.Sprint(more, " looks more"), func() bool { return listed() >= before+more })
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
	a.WantSoon("failedBlueServers", want, a.text)
}
