package fleet_test

import (
	"errors"
	"sync"
	"testing"

	"deux/internal/fleet"
)

// blue is the rotation of the blue app on an empty Redis.
func blue(t *testing.T) (lists, *fleet.Rotation) {
	t.Helper()
	l := open(t)
	rotation, err := l.Rotation("blue")
	if err != nil {
		t.Fatal(err)
	}
	return l, rotation
}

func switchTo(t *testing.T, rotation *fleet.Rotation, port int) {
	t.Helper()
	if err := rotation.Switch(t.Context(), site.Server(port)); err != nil {
		t.Fatalf("Switch to %d: %v", port, err)
	}
}

func TestSwitch_ListsTheFirstReleaseAndDrainsNobody(t *testing.T) {
	l, rotation := blue(t)
	switchTo(t, rotation, 3001)
	l.Want("blueServers", url(3001))
	l.Want("drainBlueServers")
}

func TestSwitch_DrainsEveryOtherElementOnce(t *testing.T) {
	l, rotation := blue(t)
	l.Put("blueServers", url(3001), "garbage", url(3001), url(3002))
	l.Put("drainBlueServers", url(3001))
	switchTo(t, rotation, 3003)
	l.Want("blueServers", url(3003))
	l.Want("drainBlueServers", url(3002), "garbage", url(3001))
}

// After a change of HOST_IP or BLUE_FIRST_PORT the proxy sends no request to where
// a release was, so it would never say that one has ended there.
func TestSwitch_DropsServersThatAreNotOfTheSite(t *testing.T) {
	l, rotation := blue(t)
	const before = "http://192.0.2.1:3001"
	below := url(site.First - 1)
	l.Put("blueServers", before, "garbage", below)
	l.Put("drainBlueServers", "http://192.0.2.1:3002", below, url(3004))
	l.Put("failedBlueServers", before)
	switchTo(t, rotation, 3003)
	l.Want("blueServers", url(3003))
	l.Want("drainBlueServers", "garbage", url(3004))
	l.Want("failedBlueServers")
}

func TestSwitch_BackToADrainingReleaseEndsItsDrain(t *testing.T) {
	l, rotation := blue(t)
	l.Put("blueServers", url(3002))
	l.Put("drainBlueServers", url(3001))
	switchTo(t, rotation, 3001)
	l.Want("blueServers", url(3001))
	l.Want("drainBlueServers", url(3002))
	draining, err := rotation.StillDrains(t.Context(), site.Server(3002), site.Server(3001))
	if err != nil || !draining {
		t.Errorf("StillDrains(3002): got %v, %v, want true", draining, err)
	}
}

func TestStillDrains_StartsAgainWhenTheListsWereLost(t *testing.T) {
	l, rotation := blue(t)
	draining := func(want bool) {
		t.Helper()
		if got, err := rotation.StillDrains(t.Context(), site.Server(3001), site.Server(3002)); err != nil || got != want {
			t.Errorf("StillDrains(3001): got %v, %v, want %v", got, err, want)
		}
	}
	switchTo(t, rotation, 3001)
	switchTo(t, rotation, 3002)
	if err := l.CLI.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	draining(true)
	l.Want("blueServers", url(3002))
	l.Want("drainBlueServers", url(3001))
	if err := rotation.Drained(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	draining(false)
	l.Want("drainBlueServers")
}

func TestSwitch_DrainsWhatRunsAndNoListKnows(t *testing.T) {
	l, rotation := blue(t) // as after FLUSHALL
	for range 2 {
		if err := rotation.Switch(t.Context(), site.Server(3002), site.Server(3001)); err != nil {
			t.Fatal(err)
		}
	}
	l.Want("blueServers", url(3002))
	l.Want("drainBlueServers", url(3001))
	if err := rotation.Drained(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	if err := rotation.Switch(t.Context(), site.Server(3002), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	l.Want("drainBlueServers")
}

func TestSwitch_AgainChangesNothing(t *testing.T) {
	l, rotation := blue(t)
	for range 2 {
		switchTo(t, rotation, 3001)
	}
	l.Want("blueServers", url(3001))
	l.Want("drainBlueServers")
}

func TestSwitch_NoRequestFindsAnEmptyList(t *testing.T) {
	_, rotation := blue(t)
	switchTo(t, rotation, 3001)
	stop := make(chan struct{})
	var requests sync.WaitGroup
	requests.Go(func() {
		turns := rotation.Turns()
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, _, err := turns.Next(t.Context(), 3); errors.Is(err, fleet.ErrNoServers) {
				t.Error("Next found no server during a switch")
				return
			}
		}
	})
	for port := range 500 {
		switchTo(t, rotation, 3001+port%2)
	}
	close(stop)
	requests.Wait()
}

func TestForget_TakesAServerOffBothLists(t *testing.T) {
	l, rotation := blue(t)
	l.Put("blueServers", url(3001), url(3002))
	l.Put("drainBlueServers", url(3001))
	if err := rotation.Forget(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	l.Want("blueServers", url(3002))
	l.Want("drainBlueServers")
}
