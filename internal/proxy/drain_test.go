package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

func TestProxy_ForgetsTheLastServerWhenItDrains(t *testing.T) {
	s := newStage(t)
	only, _ := s.backend(ok)
	s.CLI.Del(t.Context(), "servers")
	s.CLI.LPush(t.Context(), "drainServers", only)
	s.proxy.rotor.refresh(t.Context())
	if response, _ := s.do("GET", "/", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d from %q, want 503", response.StatusCode, response.Header.Get(ServedBy))
	}
}

// slow answers in two halves, the second when told to.
func slow(begun, finish chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first half, ")
		w.(http.Flusher).Flush()
		close(begun)
		<-finish
		fmt.Fprint(w, "second half")
	}
}

func (s *stage) draining() []string {
	s.proxy.rotor.refresh(s.t.Context())
	return s.Elements("drainServers")
}

func TestProxy_TakesAServerOffTheDrainListWhenItsLastRequestHasEnded(t *testing.T) {
	s := newStage(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	old, _ := s.backend(slow(begun, finish))
	var answer sync.WaitGroup
	answer.Go(func() {
		if _, text := s.do("GET", "/", ""); text != "first half, second half" {
			t.Errorf("got %q, want the whole answer", text)
		}
	})
	<-begun
	fresh, _ := s.backend(ok)
	s.CLI.LRem(t.Context(), "servers", 0, old)
	s.CLI.LPush(t.Context(), "drainServers", old)
	for range 4 {
		if got := s.draining(); len(got) != 1 {
			t.Fatalf("with a request in flight drainServers is %q, want [%q]", got, old)
		}
		if response, _ := s.do("GET", "/", ""); response.Header.Get(ServedBy) != fresh {
			t.Errorf("a new request went to %s, want %s", response.Header.Get(ServedBy), fresh)
		}
	}
	close(finish)
	answer.Wait()
	eventually(t, func() bool { return len(s.draining()) == 0 })
}

func TestProxy_HangsUpOnAServerThatHasDrained(t *testing.T) {
	s := newStage(t)
	var connections atomic.Int64
	old := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	old.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			connections.Add(-1)
		}
	}
	old.Start()
	t.Cleanup(old.Close)
	s.list(old.URL)
	s.do("GET", "/", "")
	if got := connections.Load(); got != 1 {
		t.Fatalf("after a request the server has %d connections, want the one that is kept", got)
	}
	s.backend(ok)
	s.CLI.LRem(t.Context(), "servers", 0, old.URL)
	s.CLI.LPush(t.Context(), "drainServers", old.URL)
	eventually(t, func() bool { return len(s.draining()) == 0 && connections.Load() == 0 })
}

func TestProxy_CountsAnUpgradedConnectionAsInFlight(t *testing.T) {
	s := newStage(t)
	old, _ := s.backend(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		connection, buffered, _ := w.(http.Hijacker).Hijack()
		defer connection.Close()
		io.Copy(connection, buffered)
	})
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	head := make([]byte, 12)
	if _, err := io.ReadFull(connection, head); err != nil || string(head) != "HTTP/1.1 101" {
		t.Fatalf("got %q, %v, want HTTP/1.1 101", head, err)
	}
	s.CLI.LRem(t.Context(), "servers", 0, old)
	s.CLI.LPush(t.Context(), "drainServers", old)
	if got := s.draining(); len(got) != 1 {
		t.Errorf("while upgraded drainServers is %q, want [%q]", got, old)
	}
	connection.Close()
	eventually(t, func() bool { return len(s.draining()) == 0 })
}
