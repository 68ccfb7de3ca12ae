package fleet_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"deux/internal/fleet"
)

func TestRotation_GivesEachServerItsTurnAndLosesNone(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001), "rubbish", url(3002))
	rotation, err := l.Rotation("proxy")
	if err != nil {
		t.Fatalf("Rotation: %v", err)
	}
	turns := rotation.Turns()
	var got []int
	for _, n := range []int{1, 1, 5, 1} {
		servers, garbage, err := turns.Next(t.Context(), n)
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if len(servers)+len(garbage) != n {
			t.Errorf("Next(%d): got %v and %v, want %d elements", n, servers, garbage, n)
		}
		for _, server := range servers {
			got = append(got, server.Port)
		}
	}
	if want := []int{3002, 3001, 3000, 3002, 3001, 3000}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	l.Want("servers", url(3000), url(3001), "rubbish", url(3002))
}

func TestRotation_GivingTurnsBackUndoesThem(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001), url(3002))
	rotation, err := l.Rotation("proxy")
	if err != nil {
		t.Fatalf("Rotation: %v", err)
	}
	if _, _, err := rotation.Turns().Next(t.Context(), 5); err != nil {
		t.Fatalf("Next: %v", err)
	}
	if err := rotation.GiveBack(t.Context(), 5); err != nil {
		t.Fatalf("GiveBack: %v", err)
	}
	l.Want("servers", url(3000), url(3001), url(3002))
	l.Client.Del(t.Context(), "servers")
	if err := rotation.GiveBack(t.Context(), 2); err != nil {
		t.Errorf("GiveBack with an empty list: got %v, want nil", err)
	}
}

func TestRotation_NoticesADrainAtOnceAndLeavesTheListAsItWas(t *testing.T) {
	t.Parallel()
	l := open(t)
	rotation, _ := l.Rotation("proxy")
	if drains, err := rotation.AwaitDrain(t.Context(), time.Second); err != nil || drains {
		t.Errorf("nothing drains: got %v, %v, want false after a second", drains, err)
	}
	noticed := make(chan struct{})
	go func() {
		defer close(noticed)
		if drains, err := rotation.AwaitDrain(t.Context(), time.Minute); err != nil || !drains {
			t.Errorf("a server drains: got %v, %v, want true, and not after a minute", drains, err)
		}
	}()
	l.wantBlocked(1)
	l.Put("drainServers", url(3001))
	<-noticed
	l.Want("drainServers", url(3001))
}

func TestRotation_EmptyAndAwayAreToldApart(t *testing.T) {
	l := open(t)
	rotation, _ := l.Rotation("blue")
	turns := rotation.Turns()
	if _, _, err := turns.Next(t.Context(), 2); !errors.Is(err, fleet.ErrNoServers) {
		t.Errorf("empty list: got %v, want ErrNoServers", err)
	}
	l.Client.ShutdownNoSave(context.Background())
	if _, _, err := turns.Next(t.Context(), 2); err == nil || errors.Is(err, fleet.ErrNoServers) {
		t.Errorf("Redis away: got %v, want another error than ErrNoServers", err)
	}
}
