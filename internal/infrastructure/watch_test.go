package infrastructure

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

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
		{"hangs", "does not answer within 20ms", "restart", func(f *fakeApps) { f.delay = time.Hour }},
		{"refuses", "takes no requests", "restart", func(f *fakeApps) { f.refuses = true }},
		{"published elsewhere", "its container is published on 192.0.2.7, not on HOST_IP", "heal", func(f *fakeApps) { f.address, f.refuses = "192.0.2.7", true }},
		{"unhealthy", "its HEALTHCHECK fails: bin/deploy status shows what it prints", "restart", func(f *fakeApps) { f.condition.Health = engine.Unhealthy }},
	} {
		t.Run(test.name, func(t *testing.T) {
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

// What a check prints may be anything, even a secret, and anybody may read a list.
func TestWatcher_TellsNobodyWhatACheckPrints(t *testing.T) {
	a := newApps(t)
	a.repair = errors.New("not yet")
	a.set(func() { a.condition.Health, a.condition.Check = engine.Unhealthy, "canary" })
	a.start()
	a.logged("HEALTHCHECK fails")
	a.failing(url(bluePort))
	events := strings.Join(a.CLI.LRange(t.Context(), "events", 0, -1).Val(), "\n")
	if !strings.Contains(events, "its HEALTHCHECK fails") || strings.Contains(events+a.text(), "canary") {
		t.Errorf("got the events\n%s\nand the log\n%s\nwant the failure and not what the check printed", events, a.text())
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
			events := strings.Join(a.CLI.LRange(t.Context(), "events", 0, -1).Val(), "\n")
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
	if log := a.text(); strings.Contains(log, "503") {
		t.Errorf("the log tells of the status: %s", log)
	}
}

func TestWatcher_AnAppThatIsOnlySlowIsToldAndNotRestarted(t *testing.T) {
	a := newApps(t)
	a.watcher.config.HangTimeout = time.Minute
	a.set(func() { a.slow = true })
	a.start()
	a.logged("does not answer within")
	asked := func() (n int) { a.set(func() { n = a.asked }); return n }
	before := asked()
	a.eventually("ten questions more", func() bool { return asked() > before+10 })
	a.saw() // it must not be restarted however long it is slow
	a.set(func() { a.slow = false })
	a.logged("App is well again")
	if log := a.text(); strings.Count(log, "\n") != 2 {
		t.Errorf("the log has %d lines, want two: once slow, once well\n%s", strings.Count(log, "\n"), log)
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
	a := &app{watcher: newWatcher(Config{}, fleet.Open(fleet.Redis{}, site), nil, newComplaints(slog.New(slog.DiscardHandler)))}
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
	a.eventually("three repairs", func() bool { return len(a.seen()) > 3 })
	if log := a.text(); strings.Count(log, "no such image") != 1 {
		t.Errorf("the log has the reason %d times, want once\n%s", strings.Count(log, "no such image"), log)
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
			a.CLI.FlushAll(t.Context())
			a.set(func() { test.of(a.fakeApps) })
			a.start()
			a.looks(10) // one that comes while the one before is worked on is passed over
			a.saw()
		})
	}
}

func TestWatcher_AfterAFlushTheAppThatRunsIsListedAgain(t *testing.T) {
	a := newApps(t)
	a.watcher.heal = func(context.Context, string) error { a.Put("blueServers", url(bluePort)); return a.repaired("heal") }
	a.start()
	a.looks(2)
	a.CLI.FlushAll(t.Context())
	a.saw("heal")
	a.logged("App is well again")
	a.looks(10)
	a.saw("heal")
}

// A switch between the sight and the repair: the old release is stopped by
// deploy and must not be started again.
func TestWatcher_MendsNothingThatHasLeftTheListMeanwhile(t *testing.T) {
	a := newApps(t)
	seen, err := a.watcher.see(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.CLI.Del(t.Context(), "blueServers")
	a.Put("blueServers", url(bluePort+1))
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
