package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"deux/internal/redistest"
)

// target is the web app over a Redis of its own, and what browsers asked of it.
type target struct {
	t     *testing.T
	redis *redistest.CLI
	port  int

	mu      sync.Mutex
	seen    map[string]int // requests by method and path
	open    map[string]int // those of them that are under way
	refused map[string]int // statuses by path
}

// record counts what comes to next.
func (s *target) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + r.URL.Path
		s.mu.Lock()
		s.seen[what]++
		s.open[what]++
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.open[what]--
		}()
		switch status, is := s.refusal(r.URL.Path); {
		case !is:
			next.ServeHTTP(w, r)
		case status == unanswered:
			<-r.Context().Done()
		default:
			w.WriteHeader(status)
		}
	})
}

// unanswered is the status of what waits for an answer for ever.
const unanswered = 0

// refuse has requests to these paths be answered with a status, and all others
// as the web app does.
func (s *target) refuse(status int, paths ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = make(map[string]int)
	for _, path := range paths {
		s.refused[path] = status
	}
}

func (s *target) refusal(path string) (status int, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, is = s.refused[path]
	return status, is
}

// underWay returns how many requests of that method and path have no answer yet,
// or not all of it.
func (s *target) underWay(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[what]
}

// requests returns how many requests of that method and path came.
func (s *target) requests(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[what]
}

// contents returns every key, and of the lists what is in them.
func (s *target) contents() map[string]string {
	s.t.Helper()
	keys, err := s.redis.Keys(s.t.Context(), "*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	contents := make(map[string]string)
	for _, key := range keys {
		contents[key] = strings.Join(s.redis.Elements(key), " ")
	}
	return contents
}
