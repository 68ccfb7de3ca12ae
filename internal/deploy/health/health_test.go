package health

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/engine"
)

// container is a candidate in a given state.
type container struct {
	state  engine.State
	codes  []int // of its checks, one after the other
	checks int
	kills  []time.Time // of its processes for their memory
	looks  int         // for them
}

func (c *container) State(context.Context, string) (engine.State, error) { return c.state, nil }

func (c *container) Exec(context.Context, string, []string) (int, string, error) {
	code := c.codes[min(c.checks, len(c.codes)-1)]
	c.checks++
	return code, fmt.Sprintf("check %d", c.checks), nil
}

func TestHealth_AContainerThatEndedIsNotWaitedFor(t *testing.T) {
	begun := time.Now()
	err := Wait(t.Context(), &container{state: engine.State{ExitCode: 3}}, Candidate{"id", "http://127.0.0.1:1", 8080}, time.Minute)
	if err == nil || err.Error() != "the container ended with exit code 3" || time.Since(begun) > 30*time.Second {
		t.Errorf("after %v: got %v, want its exit code at once", time.Since(begun), err)
	}
}

func TestHealth_AnAnswerBelow500IsHealthy(t *testing.T) {
	for _, test := range []struct {
		status  int
		healthy bool
	}{{200, true}, {302, true}, {404, true}, {499, true}, {500, false}, {503, false}} {
		timeout := 100 * time.Millisecond
		if test.healthy {
			timeout = time.Minute
		}
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(test.status)
		}))
		docker := &container{state: engine.State{Running: true}}
		err := Wait(t.Context(), docker, Candidate{"id", app.URL, 8080}, timeout)
		app.Close()
		if healthy := err == nil; healthy != test.healthy {
			t.Errorf("status %d: got %v, want healthy %v", test.status, err, test.healthy)
		}
	}
}

func TestHealth_AnAppThatAnswersLateIsWaitedFor(t *testing.T) {
	var requests atomic.Int32
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) < 4 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer app.Close()
	docker := &container{state: engine.State{Running: true}}
	if err := Wait(t.Context(), docker, Candidate{"id", app.URL, 8080}, time.Minute); err != nil {
		t.Errorf("got %v after %d requests, want nil", err, requests.Load())
	}
}

func TestHealth_TheImagesCheckDecidesWhereThereIsOne(t *testing.T) {
	docker := &container{state: engine.State{Running: true, Check: []string{"check"}}, codes: []int{1, 1, 0}}
	if err := Wait(t.Context(), docker, Candidate{"id", "http://127.0.0.1:1", 8080}, time.Minute); err != nil || docker.checks != 3 {
		t.Errorf("got %v after %d checks, want nil after 3", err, docker.checks)
	}
	synctest.Test(t, func(t *testing.T) {
		docker = &container{state: engine.State{Running: true, Check: []string{"check"}}, codes: []int{1}}
		err := Wait(t.Context(), docker, Candidate{"id", "http://127.0.0.1:1", 8080}, time.Minute)
		if err == nil || !strings.HasPrefix(err.Error(), "not healthy within 1m0s: the image's HEALTHCHECK exits with 1: check") {
			t.Errorf("got %v, want what the check said", err)
		}
	})
}
