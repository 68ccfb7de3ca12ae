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
	a.watcher = newWatcher(config, lists, fake, slog.New(slog.NewTextHandler(fake, nil)))
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

func TestWatcher_MendsWhatIsWrongWithTheContainer(t *testing.T) {
	for _, test := range []struct {
		name, why, repair string
		damage            func(*fakeApps)
	}{
		{"gone", "its container is gone", "heal", func(f *fakeApps) { f.exists = false }},
		{"paused", "paused", "unpause", func(f *fakeApps) { f.condition.State = engine.StatePaused }},
		{"stopped", "was stopped with exit code 143", "start", func(f *fakeApps) {
			f.condition = engine.Condition{State: engine.StateExited, ExitCode: 143}
		}},
		{"hangs", "does not answer within 1.2s", "restart", func(f *fakeApps) { f.delay = time.Hour }},
		{"refuses", "takes no requests", "restart", func(f *fakeApps) { f.refuses = true }},
		{"unhealthy", "HEALTHCHECK fails: not well", "restart", func(f *fakeApps) {
			f.condition.Health, f.condition.Check = engine.Unhealthy, "not well"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApps(t)
			a.repair = errors.New("not yet")
			a.set(func() { test.damage(a.fakeApps) })
			a.start()
			a.logged(test.why)
			a.failing(url(bluePort))
			a.set(func() { a.repair = nil })
			a.logged("App is well again")
			a.failing()
			for _, event := range a.seen() {
				if event != test.repair {
					t.Errorf("Docker saw %q, want only %s", a.seen(), test.repair)
				}
			}
		})
	}
}

func TestWatcher_LeavesToDockerWhatDockerRestarts(t *testing.T) {
	a := newApps(t)
	a.set(func() { a.condition = engine.Condition{State: engine.StateRestarting, ExitCode: 3} })
	a.start()
	a.logged("it ended with exit code 3, Docker starts it again")
	a.failing(url(bluePort))
	a.set(func() { a.condition = engine.Condition{State: engine.StateRunning} })
	a.logged("App is well again")
	a.failing()
	a.saw()
}

// A look may meet the container away, or only see that it was.
func TestWatcher_TellsOnceOfEachRestartByDocker(t *testing.T) {
	for _, test := range []struct {
		name string
		seen []engine.Condition
	}{
		{"seen away", []engine.Condition{{State: engine.StateRunning, Restarts: 2},
			{State: engine.StateRestarting, Restarts: 3}, {State: engine.StateRestarting, Restarts: 3},
			{State: engine.StateRunning, Restarts: 3}, {State: engine.StateRunning, Restarts: 3}}},
		{"not seen away", []engine.Condition{{State: engine.StateRunning, Restarts: 2},
			{State: engine.StateRunning, Restarts: 3}, {State: engine.StateRunning, Restarts: 3}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newApps(t)
			app := &app{watcher: a.watcher, colour: "blue", log: a.watcher.log}
			for _, condition := range test.seen {
				a.set(func() { a.condition = condition })
				seen, err := a.watcher.see(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				app.look(t.Context(), seen)
			}
			if log := a.log.String(); strings.Count(log, "Docker started it again") != 1 || !strings.Contains(log, "times=3") {
				t.Errorf("log: got\n%s\nwant one line on the third restart", log)
			}
			events := strings.Join(a.cli.LRange(t.Context(), "events", 0, -1).Val(), "\n")
			if n := strings.Count(events, `"restarted"`); n != 1 {
				t.Errorf("%d events of a restart, want one:\n%s", n, events)
			}
		})
	}
}

func TestWatcher_TellsOfAnAppThatFailsAndDoesNotRestartIt(t *testing.T) {
	a := newApps(t)
	a.set(func() { a.status = 503 })
	a.start()
	a.logged("GET / answers 503 Service Unavailable")
	a.failing(url(bluePort))
	a.set(func() { a.status = 404 })
	a.failing()
	a.saw()
}

func TestWatcher_TheImagesOwnHealthCheckCountsMoreThanTheStatus(t *testing.T) {
	a := newApps(t)
	a.set(func() { a.status, a.condition.Health = 503, "healthy" })
	a.start()
	a.set(func() { a.condition.Health = engine.Unhealthy })
	a.logged("HEALTHCHECK fails")
	if strings.Contains(a.log.String(), "503") {
		t.Errorf("the log tells of the status: %s", a.log.String())
	}
}

func TestWatcher_AnAppThatIsOnlySlowIsToldAndNotRestarted(t *testing.T) {
	a := newApps(t)
	a.set(func() { a.delay = quickAnswer + 500*time.Millisecond })
	a.start()
	a.logged("does not answer within")
	time.Sleep(a.watcher.config.HangTimeout + 2*time.Second) // it must not be restarted however long it is slow
	a.saw()
	a.set(func() { a.delay = 0 })
	a.logged("App is well again")
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := strings.Count(a.log.String(), "\n"); n != 2 {
		t.Errorf("the log has %d lines, want two: once slow, once well\n%s", n, a.log.String())
	}
}

func TestWatcher_ReleasesThatHaveJustStartedAreNotRestarted(t *testing.T) {
	a := newApps(t)
	a.watcher.config.HealthTimeout = map[string]time.Duration{"blue": time.Hour} // and none for green
	a.watcher.config.HangTimeout = 10 * time.Millisecond
	a.set(func() { a.refuses, a.condition.Started = true, time.Now() })
	a.start()
	a.logged("it takes no requests")
	a.set(func() { a.refuses, a.delay = false, time.Hour })
	a.logged("does not answer within")
	a.set(func() { a.delay = 0 })
	a.logged("App is well again")
	a.saw()
}

func TestWatcher_PausesBetweenRepairsGrow(t *testing.T) {
	a := &app{}
	var got []time.Duration
	for a.repairs = range 9 {
		got = append(got, a.repairPause())
	}
	want := []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(got, want) {
		t.Errorf("pauses: got %v, want %v", got, want)
	}
}

func TestWatcher_SaysOnceThatARepairFails(t *testing.T) {
	a := newApps(t)
	a.set(func() { a.exists, a.repair = false, errors.New("no such image") })
	a.start()
	a.saw("heal", "heal", "heal") // at once, after 1 s, after 2 s
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := strings.Count(a.log.String(), "no such image"); n != 1 {
		t.Errorf("the log has the reason %d times, want once\n%s", n, a.log.String())
	}
}

func TestWatcher_WhatIsInNoListIsLeftAlone(t *testing.T) {
	for _, test := range []struct {
		name string
		of   func(*fakeApps)
	}{
		{"a candidate", func(f *fakeApps) { f.name = "blue-app-50200" }},
		{"a container that was taken down", func(f *fakeApps) { f.condition.State = engine.StateExited }},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newApps(t)
			a.cli.FlushAll(t.Context())
			a.put("failedBlueServers", url(bluePort)) // gone once it was looked at
			a.set(func() { test.of(a.fakeApps) })
			a.start()
			a.eventually("two looks", func() bool { return looks(a) > 1 })
			a.saw()
		})
	}
}

// looks is how often the watcher has looked: each asks Redis for its count.
func looks(a *apps) int {
	info := a.cli.Info(context.Background(), "commandstats").Val()
	_, after, _ := strings.Cut(info, "cmdstat_info:calls=")
	var n int
	fmt.Sscan(strings.SplitN(after, ",", 2)[0], &n)
	return n
}

func TestWatcher_AfterAFlushTheAppThatRunsIsListedAgain(t *testing.T) {
	a := newApps(t)
	a.start()
	a.eventually("a look", func() bool { return looks(a) > 0 })
	a.cli.FlushAll(t.Context())
	a.saw("heal")
	a.put("blueServers", url(bluePort))
	a.logged("App is well again")
}

// A switch between the sight and the repair: the old release is stopped by
// deploy and must not be started again.
func TestWatcher_MendsNothingThatHasLeftTheListMeanwhile(t *testing.T) {
	a := newApps(t)
	seen, err := a.watcher.see(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.cli.Del(t.Context(), "blueServers")
	a.put("blueServers", url(bluePort+1))
	for _, of := range []func(){
		func() { a.condition.State = engine.StateExited },
		func() { a.condition.State = engine.StatePaused },
		func() { a.condition.State, a.refuses = engine.StateRunning, true },
		func() { a.exists = false },
	} {
		a.set(of)
		app := &app{watcher: a.watcher, colour: "blue", log: a.watcher.log}
		app.look(t.Context(), seen)
	}
	a.saw()
}

func TestWatcher_RedisAwayIsSaidOnce(t *testing.T) {
	a := newApps(t)
	a.watcher.view = fleet.Open(fleet.Redis{Address: "127.0.0.1:1"}, site).View()
	a.start()
	a.logged(`while="watching the deployed apps"`)
	a.saw()
}
