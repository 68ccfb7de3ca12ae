package health

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// raw is an app that answers each request with this, and its address.
func raw(t *testing.T, answer string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 1<<10))
			fmt.Fprint(connection, answer)
			connection.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// What an app says instead of HTTP may hold anything, even a secret.
func TestAnswers_QuotesTheAppOnlyToThoseWhoMayReadIt(t *testing.T) {
	const start = "no answer on port 8080 of the container (does the app listen there, on all addresses?): "
	for _, test := range []struct{ name, answer, quote, without string }{
		{"another protocol", "220 canary ESMTP\r\n", "canary", start + "what comes back is not HTTP"},
		{"a bad header", "HTTP/1.1 200 OK\r\ncanary\r\n\r\n", "canary", start + "what comes back is not HTTP"},
		{"a bad redirection", "HTTP/1.1 302 Found\r\nLocation: http://[canary\r\n\r\n", "canary", start + "what comes back is not HTTP"},
		{"nothing", "", "EOF", start + `Get "URL/": EOF`},
	} {
		url := raw(t, test.answer)
		err := Answers(t.Context(), url, 8080)
		quote, quotes := errors.AsType[*AnswerError](err)
		if !quotes || !strings.HasPrefix(err.Error(), start) || !strings.Contains(err.Error(), test.quote) {
			t.Errorf("%s: got %v, want %s… with %q in it", test.name, err, start, test.quote)
			continue
		}
		if got := strings.ReplaceAll(quote.WithoutOutput(), url, "URL"); got != test.without {
			t.Errorf("%s, without output: got %q, want %q", test.name, got, test.without)
		}
	}
}

func TestAnswers_SaysWithoutOutputWhyAConnectionFails(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for want, err := range map[string]error{
		"connection refused":        Answers(t.Context(), "http://127.0.0.1:1", 8080),
		"context deadline exceeded": Answers(ctx, "http://"+silent.Addr().String(), 8080),
	} {
		if quote, quotes := errors.AsType[*AnswerError](err); !quotes || !strings.HasSuffix(quote.WithoutOutput(), want) {
			t.Errorf("got %v, want without output …%s", err, want)
		}
	}
}
