package infrastructure

import (
	"errors"
	"strings"
	"testing"
	"time"

	"deux/internal/redistest"
)

func TestPoller_ToldToEndLeavesItsWorkInTheLists(t *testing.T) {
	w := newWorld(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	w.spawn = func(int) error { close(begun); <-finish; return errors.New("signal: terminated") }
	w.Put("tempServers", url(3001))
	stop := w.start()
	<-begun
	w.tell()
	close(finish)
	stop()
	w.want("spawningServers", url(3001))
	w.want("failedServers")
}

func TestPoller_ToldToEndWhileItWaitsForWishesEndsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.Put("servers", url(3000))
	stop := w.start()
	waiting := func() bool {
		return strings.Contains(w.CLI.Info(t.Context(), "clients").Val(), "blocked_clients:2\r\n")
	}
	redistest.Eventually(t, waiting, func() { t.Fatal("the claims do not wait") })
	begun := time.Now()
	if stop(); time.Since(begun) > claimPatience/2 {
		t.Errorf("the poller ended after %v, want it not to wait for the claims", time.Since(begun))
	}
}
