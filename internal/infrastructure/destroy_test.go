package infrastructure

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestPoller_UnlistsAndDrainsBeforeItStops(t *testing.T) {
	w := newWorld(t)
	w.poller.config.DrainTimeout = 10 * time.Second
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.remove = func(string) error {
		if slices.Contains(w.Elements("servers"), url(3001)) || len(w.Elements("drainServers")) != 0 {
			t.Errorf("at the stop: servers %q, drainServers %q", w.Elements("servers"), w.Elements("drainServers"))
		}
		return nil
	}
	w.start()
	w.Put("deleteServers", url(3001))
	w.want("drainServers", url(3001))
	w.want("servers", url(3000))
	w.want("destroyingServers", url(3001))
	rotation, _ := w.fleet.Rotation("proxy")
	if err := rotation.Drained(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	w.want("destroyingServers")
	w.wantEvent("remove webapp_3001_app")
}

func TestPoller_LeavesAServerWhoseDrainWasLostWithTheLists(t *testing.T) {
	w := newWorld(t)
	w.poller.config.DrainTimeout = time.Minute
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.Put("deleteServers", url(3001))
	w.start()
	w.want("drainServers", url(3001))
	if err := w.CLI.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.want("servers", url(3000), url(3001))
	if w.happened("remove webapp_3001_app") {
		t.Error("it was removed, though it may have had requests: want it in rotation again")
	}
}

func TestPoller_StopsAServerWhoseRequestsOutlastTheDrainTimeout(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.Put("deleteServers", url(3001))
	w.start()
	w.wantEvent("remove webapp_3001_app")
	w.want("destroyingServers")
	w.want("drainServers")
}

func TestPoller_NeitherSpawnsNorDestroysTheFirstServer(t *testing.T) {
	w := newWorld(t)
	w.Put("servers", url(3000))
	w.Put("deleteServers", url(3000))
	w.Put("tempServers", url(3000))
	w.start()
	w.want("deleteServers")
	w.want("tempServers")
	w.want("destroyingServers")
	w.want("spawningServers")
	w.want("servers", url(3000))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_AServerDestroyedByHandWhileItIsBeingSpawnedDoesNotComeBack(t *testing.T) {
	for range 5 { // the poller that takes over meets the two lists in any order
		w := newWorld(t)
		w.Put("servers", url(3000))
		w.Put("spawningServers", url(3001))
		w.Put("deleteServers", url(3001))
		w.start()
		w.want("deleteServers")
		w.want("destroyingServers")
		w.want("spawningServers")
		w.want("servers", url(3000))
		if len(w.versions()) != 0 {
			t.Fatalf("Docker saw %q, want no server left", w.events)
		}
	}
}

func TestPoller_DestroyThatKeepsFailingIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.remove = func(string) error { return errors.New("it is not of this system") }
	w.Put("deleteServers", url(3001))
	w.start()
	w.want("failedServers", url(3001))
	w.want("destroyingServers")
}

func TestPoller_DestroysAServerOnceThoughItIsWishedTwice(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.Put("deleteServers", url(3001), url(3001))
	w.start()
	w.want("deleteServers")
	w.want("destroyingServers")
	w.want("servers", url(3000))
}
