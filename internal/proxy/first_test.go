package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

// firstServer is a first server that answers /healthz with status, and a
// proxy that keeps it listed.
type firstServer struct {
	*redistest.CLI
	t      *testing.T
	status atomic.Int64
	asked  atomic.Int64 // how often it was asked for its health
	proxy  *Proxy
	url    string
	lists  *fleet.Fleet
}

func newFirstServer(t *testing.T) *firstServer {
	t.Helper()
	s := &firstServer{CLI: redistest.Open(t), t: t}
	s.status.Store(http.StatusServiceUnavailable)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		w.WriteHeader(int(s.status.Load()))
	}))
	s.url = backend.URL
	port, _ := strconv.Atoi(s.url[strings.LastIndex(s.url, ":")+1:])
	s.lists = fleet.Open(fleet.Redis{Address: s.Address}, fleet.Site{Host: "127.0.0.1", First: port})
	rotation, err := s.lists.Rotation("proxy")
	if err != nil {
		t.Fatal(err)
	}
	s.proxy = newProxy(testConfig(t), rotation, rotation.Turns(), slog.New(slog.DiscardHandler))
	s.proxy.pauses.first, s.proxy.pauses.firstElsewhere = 10*time.Millisecond, 50*time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var background sync.WaitGroup
		s.proxy.work(ctx, &background)
		s.proxy.keepFirst(ctx, s.lists, rotation)
		s.lists.Close() // ends what is blocked in Redis
		background.Wait()
	}()
	t.Cleanup(func() { stop(); <-ended; backend.Close(); s.lists.Close() })
	return s
}

// inFlight lets a request to the server begin that never ends.
func (s *firstServer) inFlight() {
	s.proxy.rotor.mu.Lock()
	defer s.proxy.rotor.mu.Unlock()
	s.proxy.rotor.upstreamOf(s.lists.FirstServer()).inFlight.Add(1)
}

func (s *firstServer) isListedOnce() bool {
	return slices.Equal(s.Elements("servers"), []string{s.url}) && len(s.Elements("drainServers")) == 0
}

func TestKeepFirst_ListsTheFirstServerOnceWhenItAnswers(t *testing.T) {
	s := newFirstServer(t)
	if got := s.Elements("servers"); len(got) != 0 {
		t.Errorf("before it answers: servers is %q, want none", got)
	}
	s.status.Store(http.StatusOK)
	eventually(t, s.isListedOnce)
}

func TestKeepFirst_ListsItAgainWhenItHasBeenStartedAnew(t *testing.T) {
	s := newFirstServer(t)
	s.status.Store(http.StatusOK)
	eventually(t, s.isListedOnce)
	s.CLI.LPush(t.Context(), "servers", "http://127.0.0.1:65535")
	s.status.Store(http.StatusServiceUnavailable) // as webapp does before it steps aside
	if moved, err := s.lists.StepAside(t.Context(), s.lists.FirstServer()); err != nil || !moved {
		t.Fatalf("StepAside: got %v, %v", moved, err)
	}
	s.CLI.LRem(t.Context(), "servers", 0, "http://127.0.0.1:65535")
	// Its last request never ends, and nobody takes it off drainServers.
	s.status.Store(http.StatusOK)
	eventually(t, s.isListedOnce)
}

func TestKeepFirst_LeavesOneThatDrainsAndWhatAnotherListHas(t *testing.T) {
	for _, key := range []string{"drainServers", "failedServers", "deleteServers"} {
		s := newFirstServer(t)
		s.inFlight() // else the proxy would take it off drainServers
		s.CLI.LPush(t.Context(), key, s.url)
		if key != "drainServers" {
			s.status.Store(http.StatusOK)
		}
		asked := s.asked.Load()
		eventually(t, func() bool { return s.asked.Load() > asked+1 })
		if got := s.Elements(key); !slices.Equal(got, []string{s.url}) {
			t.Errorf("%s: got %q, want it as it was", key, got)
		}
	}
}
