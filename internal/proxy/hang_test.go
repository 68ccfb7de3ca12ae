package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

func TestProxy_GoesOnElsewhereWhenAServerHangs(t *testing.T) {
	soon := usualPauses
	soon.suspect, soon.probe = hasty, hasty
	unlessStalled(t, func() (complaint string, stalled bool) {
		s := newStagePaused(t, testConfig(t), soon) // with a minute for an answer
		alive, _ := s.backend(ok)
		var calls atomic.Int32
		hung := s.rawServer(func(net.Conn) { calls.Add(1) })
		for range 2 {
			response, _ := s.do("GET", "/", "")
			if got := response.Header.Get(ServedBy); response.StatusCode != 200 || got != alive {
				t.Fatalf("got %s from %s, want 200 from %s and not %s", response.Status, got, alive, hung)
			}
		}
		left, before := s.now(), calls.Load()
		s.do("GET", "/", "")
		if more := calls.Load() - before; more != 0 {
			complaint = "the next request went to the server that hangs, want it left out"
		}
		return complaint, s.since(left) > firstOut/2
	})
}

func TestProxy_LeavesASlowServerAlone(t *testing.T) {
	soon := usualPauses
	soon.suspect, soon.probe = hasty, patience
	s := newStagePaused(t, testConfig(t), soon)
	s.backend(ok)
	asked := make(chan struct{}, 100)
	slow := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-asked // whether it hangs
		}
	}))
	slow.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed { // the request's own connection is kept
			asked <- struct{}{}
		}
	}
	slow.Start()
	t.Cleanup(slow.Close)
	s.list(slow.URL)
	s.do("GET", "/", "") // the other one's turn
	response, _ := s.do("GET", "/slow", "")
	if got := response.Header.Get(ServedBy); got != slow.URL {
		t.Errorf("got an answer from %s, want it from %s, which is only slow", got, slow.URL)
	}
}

func TestProxy_TriesASingleServerAlways(t *testing.T) {
	s := newStage(t)
	var broken atomic.Bool
	broken.Store(true)
	s.backend(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			panic(http.ErrAbortHandler)
		}
	})
	for range 3 {
		if response, _ := s.do("GET", "/", ""); response.StatusCode != 502 {
			t.Errorf("broken: got %d, want 502", response.StatusCode)
		}
	}
	broken.Store(false)
	if response, _ := s.do("GET", "/", ""); response.StatusCode != 200 {
		t.Errorf("mended: got %d, want 200 at once", response.StatusCode)
	}
}

func TestProxy_LeavesAnAnswerAloneWhoseHeadHasCome(t *testing.T) {
	s := newStage(t)
	answer, finish := make(chan struct{}), make(chan struct{})
	for range 2 { // another could have the request
		s.backend(func(w http.ResponseWriter, r *http.Request) {
			<-answer
			slow(make(chan struct{}), finish)(w, r)
		})
	}
	connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	c, token := s.waiting()
	at := c.server()
	close(answer)
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.interruptAt(at, token) // it waited when the server was found to hang
	close(finish)
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "first half, second half" {
		t.Errorf("got %q, %v, want the whole answer", text, err)
	}
}

// waiting returns the one request that waits for a server, and the token of its
// wait.
func (s *stage) waiting() (c *client, token uint64) {
	eventually(s.t, func() bool {
		s.proxy.mu.Lock()
		defer s.proxy.mu.Unlock()
		current := idling
		for c = range s.proxy.clients {
			current, _, token = c.pace.read()
		}
		return current == awaiting && c.server() != nil
	})
	return c, token
}
