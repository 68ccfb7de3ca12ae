package fleet_test

import (
	"errors"
	"sync"
	"testing"

	"deux/internal/fleet"
)

func TestRequestSpawn_AllotsThePortAfterTheHighestInAnyList(t *testing.T) {
	for _, key := range []string{"servers", "tempServers", "spawningServers", "failedServers",
		"deleteServers", "destroyingServers", "drainServers"} {
		t.Run(key, func(t *testing.T) {
			l := open(t)
			l.Put("servers", url(3000), url(3002))
			l.Put(key, url(3007))
			got, err := l.RequestSpawn(t.Context(), 20)
			if want := url(3008); err != nil || got.URL != want {
				t.Errorf("with 3007 in %s: got %v, %v, want %s", key, got, err, want)
			}
		})
	}
}

func TestRequestSpawn_BeforeAnyServerIsListedLeavesTheFirstPortToTheFirstServer(t *testing.T) {
	l := open(t)
	got, err := l.RequestSpawn(t.Context(), 20)
	if err != nil || got.Port != 3001 {
		t.Errorf("got %v, %v, want port 3001", got, err)
	}
	l.Want("tempServers", url(3001))
}

func TestRequestSpawn_ManyAtOnceGetAsManyPorts(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	const wishes = 100
	ports := make(chan int, wishes)
	var all sync.WaitGroup
	for range wishes {
		all.Go(func() {
			server, err := l.RequestSpawn(t.Context(), 1000)
			if err != nil {
				t.Errorf("RequestSpawn: %v", err)
			}
			ports <- server.Port
		})
	}
	all.Wait()
	close(ports)
	seen := make(map[int]bool)
	for port := range ports {
		seen[port] = true
	}
	if len(seen) != wishes {
		t.Errorf("got %d different ports, want %d", len(seen), wishes)
	}
	if n := l.Client.LLen(t.Context(), "tempServers").Val(); n != wishes {
		t.Errorf("got %d wishes queued, want %d", n, wishes)
	}
}

func TestRequestSpawn_RefusesMoreServersThanMayBe(t *testing.T) {
	for name, fill := range map[string]func(lists){
		"running":    func(l lists) { l.Put("servers", url(3000), url(3001), url(3002)) },
		"queued":     func(l lists) { l.Put("servers", url(3000)); l.Put("tempServers", url(3001), url(3002)) },
		"spawning":   func(l lists) { l.Put("spawningServers", url(3001), url(3002)) },
		"destroying": func(l lists) { l.Put("destroyingServers", url(3001), url(3002)) },
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			fill(l)
			if got, err := l.RequestSpawn(t.Context(), 3); !errors.Is(err, fleet.ErrFull) {
				t.Errorf("third of 3 servers: got %v, %v, want ErrFull", got, err)
			}
			if got, err := l.RequestSpawn(t.Context(), 4); err != nil {
				t.Errorf("fourth of 4 servers: got %v, %v", got, err)
			}
		})
	}
}

func TestRequestSpawn_DoesNotCountFailuresAsServers(t *testing.T) {
	l := open(t)
	l.Put("failedServers", url(3001), url(3002), url(3003))
	if got, err := l.RequestSpawn(t.Context(), 2); err != nil || got.Port != 3004 {
		t.Errorf("got %v, %v, want port 3004", got, err)
	}
}

func TestRequestSpawn_PastTheLastPortSaysSo(t *testing.T) {
	l := open(t)
	l.Put("servers", url(65535))
	if got, err := l.RequestSpawn(t.Context(), 20); !errors.Is(err, fleet.ErrOutOfPorts) {
		t.Errorf("got %v, %v, want ErrOutOfPorts", got, err)
	}
}

func TestWishes_AreNotMisledByGarbage(t *testing.T) {
	l := open(t)
	for _, element := range garbage {
		l.Put("servers", element)
		l.Put("failedServers", element)
	}
	if got, err := l.RequestSpawn(t.Context(), 3); err != nil || got.Port != 3001 {
		t.Errorf("RequestSpawn: got %v, %v, want port 3001", got, err)
	}
	if got, err := l.RequestDestroy(t.Context()); !errors.Is(err, fleet.ErrNothingToDestroy) {
		t.Errorf("RequestDestroy: got %v, %v, want ErrNothingToDestroy", got, err)
	}
}

func TestRequestDestroy_NeverChoosesTheFirstServerNorOneTwice(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3002), url(3000), url(3001), url(3004), url(3003))
	l.Put("destroyingServers", url(3004))
	chosen := make(map[int]bool)
	for range 3 {
		server, err := l.RequestDestroy(t.Context())
		if err != nil {
			t.Fatalf("RequestDestroy: %v", err)
		}
		chosen[server.Port] = true
	}
	for _, port := range []int{3001, 3002, 3003} {
		if !chosen[port] {
			t.Errorf("%d was not chosen; chosen: %v", port, chosen)
		}
	}
	if got, err := l.RequestDestroy(t.Context()); !errors.Is(err, fleet.ErrNothingToDestroy) {
		t.Errorf("a fourth time: got %v, %v, want ErrNothingToDestroy", got, err)
	}
}

func TestRequestDestroy_ChoosesAtRandom(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001), url(3002), url(3003))
	chosen := make(map[int]int)
	for range 200 {
		server, err := l.RequestDestroy(t.Context())
		if err != nil {
			t.Fatalf("RequestDestroy: %v", err)
		}
		chosen[server.Port]++
		l.Client.Del(t.Context(), "deleteServers")
	}
	for _, port := range []int{3001, 3002, 3003} {
		if chosen[port] < 20 { // of 67 expected: 8 standard deviations away
			t.Errorf("%d was chosen %d times of 200, want about 67", port, chosen[port])
		}
	}
}
