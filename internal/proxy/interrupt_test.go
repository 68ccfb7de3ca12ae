package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
)

func TestProxy_CountsResponseTimeoutFromTheEndOfTheUpload(t *testing.T) {
	t.Parallel()
	config := testConfig(t)
	config.ResponseTimeout = 500 * time.Millisecond
	s := newStageWith(t, config)
	s.backend(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	unlessStalled(t, func() (complaint string, stalled bool) {
		connection := s.dial("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
		var sent time.Time // the last byte
		for range 10 {
			time.Sleep(80 * time.Millisecond)
			stalled = stalled || !sent.IsZero() && time.Since(sent) >= config.ResponseTimeout/2
			sent = time.Now()
			io.WriteString(connection, "x")
		}
		if got, err := status(connection); got != 200 {
			complaint = fmt.Sprintf("an upload of 0.8 s, answered at once: got %d, %v, want 200", got, err)
		}
		return complaint, stalled || time.Since(sent) >= config.ResponseTimeout/2
	})
}

func TestProxy_KeepsNoConnectionThatItHasInterrupted(t *testing.T) {
	config := testConfig(t)
	config.ResponseTimeout = hasty
	s := newStageWith(t, config)
	s.rawServer(func(net.Conn) {})
	reader := bufio.NewReader(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 504 || !response.Close {
		t.Errorf("got %v, %v, want 504 and Connection: close", response, err)
	}
}

func TestProxy_EndsWhenToldAlsoWhileARequestWaitsForItsTurn(t *testing.T) {
	config := testConfig(t)
	config.ShutdownTimeout = 100 * time.Millisecond
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	lists := newFakeLists()
	lists.server = fleet.Server{URL: "http://" + silent.Addr().String(), Port: silent.Addr().(*net.TCPAddr).Port}
	p := newProxy(config, lists, lists, slog.New(slog.DiscardHandler))
	working, stopWorking := context.WithCancel(t.Context())
	var background sync.WaitGroup
	defer background.Wait()
	defer stopWorking()
	p.work(working, &background)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepting, stop := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { _ = p.serve(accepting, listener); close(served) }()
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-lists.entered // it waits for its turn
	stop()
	eventually(t, func() bool { // the time for requests in flight is over
		p.mu.Lock()
		defer p.mu.Unlock()
		for c := range p.clients {
			return cause(c.why.Load()) == clientGone
		}
		return false
	})
	close(lists.release) // and only now it gets its turn, at a server that is silent
	select {
	case <-served:
	case <-time.After(patience):
		t.Error("the proxy serves on, want it to end")
	}
}

func TestProxy_GivesNobodyTheAnswerToABodyThatItsServerLeftUnread(t *testing.T) {
	s := newStage(t)
	s.rawServer(func(connection net.Conn) { // answers each head and takes a body for the next
		reader := bufio.NewReader(connection)
		for {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			if request.URL.Path == "/evil" {
				_, _ = reader.Peek(1) // the connection is quiet until it has the next request, or ends
			}
			fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(request.URL.Path), request.URL.Path)
		}
	})
	for range 5 {
		s.do("PUT", "/first", "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, text := s.do("GET", "/second", ""); text != "/second" {
			t.Errorf("asked for /second, got the answer to %s", text)
		}
	}
}

func TestProxy_SaysThatAListOfGarbageIsEmpty(t *testing.T) {
	s := newStage(t)
	s.list("garbage")
	if response, _ := s.do("GET", "/", ""); response.StatusCode != 503 {
		t.Errorf("got %d, want 503", response.StatusCode)
	}
}

func TestProxy_WaitsForSlowServersThatTakeOneRequestAtATime(t *testing.T) {
	soon := usualPauses
	soon.suspect, soon.probe = hasty, hasty
	s := newStagePaused(t, testConfig(t), soon)
	for range 2 {
		var one sync.Mutex
		s.rawServer(func(connection net.Conn) {
			one.Lock()
			defer one.Unlock()
			defer connection.Close()
			if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
				time.Sleep(4 * hasty) // longer than until it is left out
				io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
			}
		})
	}
	if got, err := status(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); got != 200 {
		t.Errorf("got %d, %v, want 200 from one of the two", got, err)
	}
}

func TestRotor_GivesBackWhatARequestFetchedAheadItself(t *testing.T) {
	lists := newFakeLists()
	close(lists.release)
	r := startRotor(t, lists)
	r.busy = func() int { return 2 * crowd }
	r.mu.Lock()
	r.taken, r.counted = 1_000_000, time.Now().Add(-window) // for many also if a moment passes
	r.mu.Unlock()
	if _, err := r.take(newWaiter()); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-lists.returned:
		if n == 0 {
			t.Error("given back: got 0 turns, want those that were fetched ahead")
		}
	case <-time.After(patience):
		t.Error("nothing was given back")
	}
}
