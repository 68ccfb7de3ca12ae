package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deux/internal/fleet"
)

func TestProxy_GivesEachServerItsTurnAndSaysWhich(t *testing.T) {
	s := newStage(t)
	a, _ := s.backend(ok)
	b, _ := s.backend(ok)
	for i := range 6 {
		response, text := s.do("GET", "/", "")
		want := []string{a, b}[i%2]
		if got := response.Header.Get(ServedBy); got != want || text != "ok" {
			t.Errorf("request %d: got %s %q, want %s", i, got, text, want)
		}
	}
}

func TestProxy_ForwardsTheRequestAsItCame(t *testing.T) {
	s := newStage(t)
	got := make(chan *http.Request, 1)
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		got <- r
		w.Header().Set(ServedBy, "me")
		w.WriteHeader(http.StatusTeapot)
	})
	response, _ := s.do("POST", "/a%2Fb?q=1&q=2;3", "the body")
	r := <-got
	body, _ := io.ReadAll(r.Body)
	if r.Method != "POST" || r.RequestURI != "/a%2Fb?q=1&q=2;3" || string(body) != "the body" || r.Host != s.address {
		t.Errorf("got %s %s %q for %s, want POST /a%%2Fb?q=1&q=2;3 \"the body\" for %s", r.Method, r.RequestURI, body, r.Host, s.address)
	}
	if got := r.Header.Get("X-Forwarded-For"); got != "127.0.0.1" {
		t.Errorf("X-Forwarded-For: got %q, want 127.0.0.1", got)
	}
	if response.StatusCode != http.StatusTeapot || response.Header.Get(ServedBy) == "me" {
		t.Errorf("got %d from %q, want 418 and the proxy's own %s", response.StatusCode, response.Header.Get(ServedBy), ServedBy)
	}
}

func TestProxy_SkipsAServerThatRefusesTheConnection(t *testing.T) {
	s := newStage(t)
	s.list(dead(t))
	s.list(dead(t))
	alive, _ := s.backend(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	for _, method := range []string{"GET", "POST"} {
		for range 4 {
			response, text := s.do(method, "/", "body")
			if got := response.Header.Get(ServedBy); response.StatusCode != 200 || got != alive || text != "body" {
				t.Errorf("%s: got %d %q from %q, want 200 \"body\" from %s", method, response.StatusCode, text, got, alive)
			}
		}
	}
}

// breakOff answers nothing and closes the connection.
func breakOff(calls *atomic.Int32) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}
}

func TestProxy_RepeatsOnlyIdempotentRequestsThatMayHaveArrived(t *testing.T) {
	s := newStage(t)
	var calls atomic.Int32
	s.backend(breakOff(&calls))
	s.backend(ok)
	for range 4 {
		if response, _ := s.do("GET", "/", ""); response.StatusCode != 200 {
			t.Errorf("GET: got %d, want 200 from the other server", response.StatusCode)
		}
	}
}

func TestProxy_RepeatsNoOtherRequestThatMayHaveArrived(t *testing.T) {
	unlessStalled(t, func() (complaint string, stalled bool) {
		s := newStage(t)
		var calls atomic.Int32
		s.backend(breakOff(&calls))
		s.backend(ok)
		failed, began := 0, time.Now()
		for range 4 {
			if response, _ := s.do("POST", "/", "once"); response.StatusCode == http.StatusBadGateway {
				failed++
			}
		}
		if failed != 1 {
			complaint = fmt.Sprintf("%d of 4 got 502, want the 1 whose server broke off and is left out then", failed)
		}
		return complaint, time.Since(began) > firstOut/2
	})
}

func TestProxy_NeverRepeatsAGetThatChangesSomething(t *testing.T) {
	for _, page := range actOnce {
		s := newStage(t)
		var calls atomic.Int32
		for range 2 {
			s.backend(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == page {
					breakOff(&calls)(w, r)
				}
			})
		}
		for range 2 { // so that there are kept connections
			s.do("GET", "/", "")
		}
		response, _ := s.do("GET", page, "")
		if response.StatusCode != http.StatusBadGateway || calls.Load() != 1 {
			t.Errorf("GET %s: got %d after %d calls, want 502 after 1", page, response.StatusCode, calls.Load())
		}
	}
}

func TestProxy_TakesNoSilenceForAnEmptyAnswer(t *testing.T) {
	s := newStage(t)
	begun := make(chan struct{})
	s.backend(func(_ http.ResponseWriter, r *http.Request) { close(begun); <-r.Context().Done() })
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	connection.(*net.TCPConn).CloseWrite()
	if answer, _ := io.ReadAll(connection); len(answer) != 0 {
		t.Errorf("got %q, want no answer", answer)
	}
}

func TestProxy_LetsAServerRefuseABodyBeforeItIsSent(t *testing.T) {
	s := newStage(t)
	s.backend(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
	head := make([]byte, 12)
	if _, err := io.ReadFull(connection, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Errorf("got %q, %v, want HTTP/1.1 413 and no 100 before it", head, err)
	}
}

func TestProxy_WithoutRedisAndMemoryNamesRedis(t *testing.T) {
	s := newStage(t)
	s.CLI.ShutdownNoSave(t.Context())
	for range 2 {
		if response, text := s.do("GET", "/", ""); response.StatusCode != 503 || !strings.Contains(text, "Redis does not answer") {
			t.Errorf("got %d %q, want 503 that names Redis", response.StatusCode, text)
		}
	}
}

func TestProxy_WithoutAnyServerSays503AndWhenToComeBack(t *testing.T) {
	s := newStage(t)
	response, text := s.do("GET", "/", "")
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" || !strings.Contains(text, "No server is listed") {
		t.Errorf("got %d, Retry-After %q, %q", response.StatusCode, response.Header.Get("Retry-After"), text)
	}
}

func TestProxy_OfAColourWithoutAReleaseSaysHowToDeploy(t *testing.T) {
	c := &client{Proxy: &Proxy{config: Config{Service: "blue"}}}
	status, sentence := c.verdict(fleet.ErrNoServers)
	if status != 503 || !strings.Contains(sentence, "git push blue main") {
		t.Errorf("got %d %q", status, sentence)
	}
}

func TestProxy_WithAllServersDeadSays502AndWithASlowOne504(t *testing.T) {
	config := testConfig(t)
	config.ResponseTimeout = hasty
	s := newStageWith(t, config)
	s.list(dead(t))
	if response, _ := s.do("GET", "/", ""); response.StatusCode != 502 {
		t.Errorf("dead: got %d, want 502", response.StatusCode)
	}
	s.CLI.Del(t.Context(), "servers")
	done := make(chan struct{})
	defer close(done)
	s.backend(func(http.ResponseWriter, *http.Request) { <-done })
	if response, _ := s.do("GET", "/", ""); response.StatusCode != 504 {
		t.Errorf("slow: got %d, want 504", response.StatusCode)
	}
}

func TestProxy_PassesOverGarbage(t *testing.T) {
	s := newStage(t)
	alive, _ := s.backend(ok)
	s.list("http://127.0.0.1:3001;rm -rf /")
	s.list("")
	s.list("http://elsewhere.example:80")
	for range 5 {
		response, _ := s.do("GET", "/", "")
		if got := response.Header.Get(ServedBy); response.StatusCode != 200 || got != alive {
			t.Errorf("got %d from %q, want 200 from %s", response.StatusCode, got, alive)
		}
	}
}

func TestProxy_GoesOnWithTheLastListWhileRedisIsAwayOrEmpty(t *testing.T) {
	for name, lose := range map[string]func(*stage){
		"empty": func(s *stage) { s.CLI.FlushAll(t.Context()) },
		"away":  func(s *stage) { s.CLI.ShutdownNoSave(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			a, _ := s.backend(ok)
			b, _ := s.backend(ok)
			lose(s)
			seen := make(map[string]int)
			for range 10 {
				s.proxy.rotor.refresh(t.Context())
				response, _ := s.do("GET", "/", "")
				seen[response.Header.Get(ServedBy)]++
			}
			if seen[a] != 5 || seen[b] != 5 {
				t.Errorf("got %v, want 5 from %s and from %s", seen, a, b)
			}
		})
	}
}
