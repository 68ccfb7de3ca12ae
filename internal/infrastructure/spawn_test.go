package infrastructure

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func TestPoller_TurnsWishesIntoListedServers(t *testing.T) {
	w := newWorld(t)
	w.Put("servers", url(3000))
	w.start()
	for range 3 {
		if _, err := w.fleet.RequestSpawn(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3000), url(3001), url(3002), url(3003))
	w.want("spawningServers")
	if !w.happened("spawn webapp_3002 webapp_3002_app") {
		t.Errorf("got %q, want spawn webapp_3002 webapp_3002_app", w.events)
	}
}

func TestPoller_ListsAServerOnlyAfterItAnswers(t *testing.T) {
	w := newWorld(t)
	probed := make(chan struct{}, 100)
	var ready sync.Mutex
	answers := false
	w.answer = func(server fleet.Server) error {
		ready.Lock()
		defer ready.Unlock()
		if server.Port == 3001 {
			select {
			case probed <- struct{}{}:
			default:
			}
			if !answers {
				return errors.New("starting")
			}
		}
		return nil
	}
	w.Put("tempServers", url(3001))
	w.start()
	for range 3 {
		<-probed
	}
	if slices.Contains(w.Elements("servers"), url(3001)) {
		t.Error("listed before it answered")
	}
	w.want("spawningServers", url(3001))
	ready.Lock()
	answers = true
	ready.Unlock()
	w.want("servers", url(3000), url(3001))
}

func TestPoller_GivesUpAfterTheLastTryAndHoldsNobodyUp(t *testing.T) {
	w := newWorld(t)
	w.spawn = func(port int) error {
		if port == 3001 {
			return errors.New("port is already allocated")
		}
		return nil
	}
	w.Put("tempServers", url(3002), url(3001))
	w.start()
	w.want("servers", url(3000), url(3002))
	w.want("failedServers", url(3001))
	w.want("spawningServers")
	if !w.happened("remove webapp_3001_app") {
		t.Errorf("got %q, want the remains of 3001 removed", w.events)
	}
	server, err := w.fleet.RequestSpawn(t.Context(), 20)
	if err != nil || server.Port != 3003 {
		t.Errorf("the next /spawn: got %v, %v, want port 3003", server, err)
	}
}

func TestPoller_AFailedServerThatIsSpawnedAgainIsNoLongerFailed(t *testing.T) {
	w := newWorld(t)
	w.Put("failedServers", url(3001))
	w.Put("tempServers", url(3001))
	w.start()
	w.want("servers", url(3000), url(3001))
	w.want("failedServers")
}

func TestPoller_ASpawnThatHangsIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.poller.config.SpawnTimeout = 20 * time.Millisecond
	w.poller.config.Attempts = 1
	w.hang = true
	w.Put("tempServers", url(3001))
	w.start()
	w.want("failedServers", url(3001))
}

func TestPoller_WaitsForDockerAndCountsNoTryMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.setAway(true)
	w.Put("servers", url(3000))
	w.Put("tempServers", url(3001))
	w.start()
	w.setAway(false)
	w.want("servers", url(3000), url(3001))

	waits := func() (n int) {
		w.locked(func() { n = w.waits })
		return n
	}
	w.spawn = func(int) error {
		w.setAway(true)
		return errAway
	}
	before := waits()
	w.Put("tempServers", url(3002))
	for try := range w.poller.config.Attempts + 1 {
		redistest.Eventually(t, func() bool { return waits() > before+try }, func() { t.Fatal("nobody waits for Docker") })
		w.setAway(false)
	}
	w.want("failedServers")
	w.want("spawningServers", url(3002))
}

// As after an infrastructure that was killed while it removed the server.
func TestPoller_WaitsForARemovalThatIsUnderWayBeforeItSpawns(t *testing.T) {
	w := newWorld(t)
	w.poller.config.Attempts = 1
	w.run(3001)
	w.removal = 300 * time.Millisecond
	left, leave := context.WithCancel(t.Context())
	leave()
	_ = w.removeContainer(left, site.Server(3001).Container())
	w.Put("servers", url(3000))
	w.Put("spawningServers", url(3001))
	w.start()
	w.want("spawningServers")
	w.want("servers", url(3000), url(3001))
	w.want("failedServers")
}
