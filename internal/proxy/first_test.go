package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

// firstServer is a first server that answers /healthz with status, and a
// proxy that keeps it listed.
type firstServer struct {
	t      *testing.T
	status atomic.Int64
	url    string
	lists  *fleet.Fleet
	cli    *redis.Client
}

func newFirstServer(t *testing.T) *firstServer {
	t.Helper()
	s := &firstServer{t: t}
	s.status.Store(http.StatusServiceUnavailable)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(int(s.status.Load()))
	}))
	s.url = backend.URL
	port, _ := strconv.Atoi(s.url[strings.LastIndex(s.url, ":")+1:])
	address := redistest.Address(t)
	s.lists = fleet.Open(address, fleet.Site{Host: "127.0.0.1", First: port})
	s.cli = redis.NewClient(&redis.Options{Addr: address})
	rotation, err := s.lists.Rotation("proxy")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keepFirst(ctx, s.lists, rotation, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() { stop(); <-ended; backend.Close(); s.lists.Close(); s.cli.Close() })
	return s
}

func (s *firstServer) list(key string) []string { return s.cli.LRange(s.t.Context(), key, 0, -1).Val() }

func (s *firstServer) isListedOnce() bool {
	return slices.Equal(s.list("servers"), []string{s.url}) && len(s.list("drainServers")) == 0
}

func TestKeepFirst_ListsTheFirstServerOnceWhenItAnswers(t *testing.T) {
	s := newFirstServer(t)
	if got := s.list("servers"); len(got) != 0 {
		t.Errorf("before it answers: servers is %q, want none", got)
	}
	s.status.Store(http.StatusOK)
	eventually(t, s.isListedOnce)
}

func TestKeepFirst_ListsItAgainWhenItHasBeenStartedAnew(t *testing.T) {
	s := newFirstServer(t)
	s.status.Store(http.StatusOK)
	eventually(t, s.isListedOnce)
	s.cli.LPush(t.Context(), "servers", "http://127.0.0.1:65535")
	s.status.Store(http.StatusServiceUnavailable) // as webapp does before it steps aside
	if moved, err := s.lists.StepAside(t.Context(), s.lists.FirstServer()); err != nil || !moved {
		t.Fatalf("StepAside: got %v, %v", moved, err)
	}
	s.cli.LRem(t.Context(), "servers", 0, "http://127.0.0.1:65535")
	// Its last request never ends, and nobody takes it off drainServers.
	s.status.Store(http.StatusOK)
	eventually(t, s.isListedOnce)
}

func TestKeepFirst_LeavesOneThatDrainsAndWhatAnotherListHas(t *testing.T) {
	for _, key := range []string{"drainServers", "failedServers", "deleteServers"} {
		s := newFirstServer(t)
		s.cli.LPush(t.Context(), key, s.url)
		if key != "drainServers" {
			s.status.Store(http.StatusOK)
		}
		for range 3 {
			rotation, err := s.lists.Rotation("proxy")
			if err != nil {
				t.Fatal(err)
			}
			if adopted, err := listFirst(t.Context(), s.lists, rotation); err != nil || adopted {
				t.Errorf("in %s: listed %v, %v, want it left alone", key, adopted, err)
			}
		}
		if got := s.list(key); !slices.Equal(got, []string{s.url}) {
			t.Errorf("%s: got %q, want it as it was", key, got)
		}
	}
}
