package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func TestClaim_TakesTheOldestWishAndKeepsItInAList(t *testing.T) {
	l := open(t)
	first, _ := l.RequestSpawn(t.Context(), 20)
	second, _ := l.RequestSpawn(t.Context(), 20)
	if got, err := l.ClaimSpawn(t.Context(), time.Second); err != nil || got != first.URL {
		t.Errorf("ClaimSpawn: got %q, %v, want %q", got, err, first.URL)
	}
	l.Want("tempServers", second.URL)
	l.Want("spawningServers", first.URL)

	l.Put("deleteServers", url(3002), url(3001))
	if got, err := l.ClaimDestroy(t.Context(), time.Second); err != nil || got != url(3001) {
		t.Errorf("ClaimDestroy: got %q, %v, want %q", got, err, url(3001))
	}
	l.Want("deleteServers", url(3002))
	l.Want("destroyingServers", url(3001))
}

func TestClaim_WithoutWorkSaysSo(t *testing.T) {
	t.Parallel()
	l := open(t)
	if got, err := l.ClaimSpawn(t.Context(), 100*time.Millisecond); !errors.Is(err, fleet.ErrNoWork) {
		t.Errorf("got %q, %v, want ErrNoWork", got, err)
	}
}

func TestClaim_EndsWithItsContextAndTakesNoLaterWish(t *testing.T) {
	l := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.ClaimSpawn(ctx, time.Minute)
		ended <- err
	}()
	l.wantBlocked(1)
	begun := time.Now()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || time.Since(begun) > 30*time.Second {
		t.Errorf("after %v: got %v, want context.Canceled, and not after the claim's minute", time.Since(begun), err)
	}
	l.wantBlocked(0)
	l.Put("tempServers", url(3001))
	l.Want("tempServers", url(3001))
	l.Want("spawningServers")
}

func TestClaim_AfterItsContextEndedTakesNothing(t *testing.T) {
	l := open(t)
	l.Put("tempServers", url(3001))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := l.ClaimSpawn(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v, want context.Canceled", got, err)
	}
	l.Want("tempServers", url(3001))
}

// wantBlocked waits until so many clients wait in a blocking command.
func (l lists) wantBlocked(want int) {
	l.t.Helper()
	line, info := fmt.Sprintf("blocked_clients:%d\r\n", want), ""
	redistest.Eventually(l.t, func() bool {
		info = l.Client.Info(l.t.Context(), "clients").Val()
		return strings.Contains(info, line)
	}, func() { l.t.Fatalf("got %s, want %s", info, line) })
}
