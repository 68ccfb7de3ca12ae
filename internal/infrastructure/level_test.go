package infrastructure

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func TestPoller_SetsGarbageAsideAndRunsNoneOfIt(t *testing.T) {
	w := newWorld(t)
	garbage := []string{"http://172.17.0.1:3001;rm -rf /", "http://172.17.0.1:99999", "http://elsewhere:3001", ""}
	for _, key := range []string{"servers", "tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"} {
		for _, element := range garbage {
			w.Put(key, element)
		}
	}
	w.start()
	w.want("failedServers", garbage...)
	for _, key := range []string{"tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"} {
		w.want(key)
	}
	w.want("servers", url(3000))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_FinishesWhatAnEarlierOneLeft(t *testing.T) {
	w := newWorld(t)
	w.run(3002, 3003)
	w.Put("servers", url(3000), url(3003))
	w.Put("spawningServers", url(3001), url(3002))
	w.Put("destroyingServers", url(3003))
	w.start()
	w.want("servers", url(3000), url(3001), url(3002))
	w.want("destroyingServers")
	if w.happened("spawn webapp_3002 webapp_3002_app") {
		t.Error("3002 was spawned again though it answers")
	}
	if !w.happened("remove webapp_3003_app") {
		t.Errorf("got %q, want webapp_3003_app removed", w.events)
	}
}

func TestPoller_DoesNothingForAJobWhoseListHasMovedOn(t *testing.T) {
	w := newWorld(t)
	w.Put("failedServers", url(3001))
	w.run(3002)
	w.Put("servers", url(3000), url(3002))
	w.poller.beginSpawn(t.Context(), site.Server(3001))   // as a level pass with an
	w.poller.beginDestroy(t.Context(), site.Server(3002)) // older copy of the lists
	w.poller.jobs.wait()
	w.want("failedServers", url(3001))
	w.want("servers", url(3000), url(3002))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_LeavesAListedServerThatAnswersAlone(t *testing.T) {
	w := newWorld(t)
	w.answerAll = true // also where no container runs
	w.Put("servers", url(3000), url(3001))
	for range maxStrikes + 1 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3000), url(3001))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_SpawnsAServerThatDiedAgain(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.start()
	w.kill(3001)
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
	w.want("servers", url(3000), url(3001))
}

func TestPoller_UnlistsAServerThatRunsAndDoesNotAnswerUntilItDoes(t *testing.T) {
	w := newWorld(t)
	w.poller.config.StartTimeout = time.Minute
	var mu sync.Mutex
	hung := true
	w.answer = func(server fleet.Server) error {
		mu.Lock()
		defer mu.Unlock()
		if hung && server.Port == 3001 {
			return errors.New("timeout")
		}
		return nil
	}
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.start()
	w.want("servers", url(3000))
	w.want("spawningServers", url(3001))
	mu.Lock()
	hung = false
	mu.Unlock()
	w.want("servers", url(3000), url(3001))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_UnlistsTheFirstServerWhileItIsAway(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	away := true
	w.answer = func(fleet.Server) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return errors.New("connection refused")
		}
		return nil
	}
	w.Put("servers", url(3000))
	w.start()
	w.want("servers")
	mu.Lock()
	away = false
	mu.Unlock()
	w.want("servers", url(3000))
}

func TestPoller_AdoptsServersWhoseListsWereLost(t *testing.T) {
	w := newWorld(t)
	w.run(3001, 3002)
	w.Put("servers", url(3000), url(3001), url(3002))
	w.start()
	if err := w.CLI.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.want("servers", url(3000), url(3001), url(3002))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_SpawnsAgainWhatHangsAndNoListKnows(t *testing.T) {
	w := newWorld(t)
	w.poller.config.StartTimeout = 100 * time.Millisecond
	const spawned = "spawn webapp_3001 webapp_3001_app"
	w.answer = func(server fleet.Server) error {
		if server.Port == 3001 && !w.happened(spawned) {
			return errors.New("timeout")
		}
		return nil
	}
	w.run(3001)
	w.Put("servers", url(3000))
	w.start()
	w.wantEvent(spawned)
	w.want("servers", url(3000), url(3001))
	w.want("spawningServers")
}

func TestPoller_AtRestOnlyAsksWhetherAnythingChanged(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.start()
	address := w.Address
	rest := func(during time.Duration) map[string]int {
		return redistest.Commands(redistest.Listen(t, address, "", func() { time.Sleep(during) }))
	}
	// A pass each 20 ms: 25 in the time. Every five seconds it writes the vitals.
	var heard map[string]int
	redistest.Eventually(t, func() bool {
		heard = rest(500 * time.Millisecond)
		return len(heard) == 1 && heard["info"] > 1 && heard["info"] <= 26
	},
		func() {
			t.Fatalf("in half a second of 25 passes Redis heard %v, want INFO at most once a pass and nothing else", heard)
		})
	w.kill(3001)
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
}

func TestPoller_RepairsAlsoWhileRedisIsFull(t *testing.T) {
	w := newWorld(t)
	w.poller.config.StartTimeout = 100 * time.Millisecond
	w.run(3001, 3002)
	w.Put("servers", url(3001)) // neither the first nor 3002
	w.ConfigSet(t.Context(), "maxmemory", "1")
	w.start()
	w.want("servers", url(3000), url(3001), url(3002))
	w.kill(3001)
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
	w.want("servers", url(3000), url(3001), url(3002))
}

// Its container was removed, and then its list was lost before that was noticed.
func TestPoller_RemovesTheImageThatNoServerHas(t *testing.T) {
	w := newWorld(t)
	w.run(3002)
	w.locked(func() {
		for _, image := range []string{"webapp_3001", "webapp_3003", "webapp_3004", "webapp_x", "webapp_0", "somebody's"} {
			w.images[image] = true
		}
	})
	w.Put("servers", url(3000), url(3002))
	w.Put("failedServers", url(3004))
	w.start()
	images := func() (names []string) { names, _ = w.ServerImages(t.Context()); return names }
	want := []string{"somebody's", "webapp_0", "webapp_3002", "webapp_3004", "webapp_x"}
	redistest.Eventually(t, func() bool { return slices.Equal(images(), want) }, func() {
		t.Fatalf("got the images %q, want %q", images(), want)
	})
	w.want("servers", url(3000), url(3002))
}
