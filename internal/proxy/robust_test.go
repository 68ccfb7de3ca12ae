package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestProxy_EndsAnUploadToAServerThatReadsNothing(t *testing.T) {
	config := testConfig(t)
	config.ResponseTimeout = hasty
	s := newStageWith(t, config)
	s.rawServer(func(net.Conn) {})
	connection := s.dial("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
	go io.Copy(connection, endless{})
	if got, err := status(connection); got != 504 {
		t.Errorf("got %d, %v, want 504", got, err)
	}
	eventually(t, s.isIdle)
}

func TestProxy_PassesAnAnswerThatComesBeforeTheUploadHasEnded(t *testing.T) {
	s := newStage(t)
	s.rawServer(func(connection net.Conn) {
		http.ReadRequest(bufio.NewReader(connection))
		io.WriteString(connection, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		connection.Close() // with most of the body unread, which resets the connection
	})
	for range 20 {
		connection := s.dial("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
		go io.Copy(connection, endless{})
		if got, err := status(connection); got != 413 {
			t.Errorf("got %d, %v, want 413", got, err)
		}
	}
}

// hangUpAfter answers n requests on a connection and closes it when the next
// one comes. It counts those that it answers, and all that come and may not be
// repeated.
func hangUpAfter(n int, requests, once *atomic.Int32) func(net.Conn) {
	return func(connection net.Conn) {
		defer connection.Close()
		reader := bufio.NewReader(connection)
		for range n {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			io.Copy(io.Discard, request.Body)
			requests.Add(1)
			countOnce(request, once)
			io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		if request, err := http.ReadRequest(reader); err == nil {
			countOnce(request, once)
		}
	}
}

func countOnce(request *http.Request, once *atomic.Int32) {
	if request.Method == http.MethodPost || request.Method == http.MethodPatch {
		once.Add(1)
	}
}

func TestProxy_NeverMeetsAClosedConnectionWithWhatItMayNotRepeat(t *testing.T) {
	s := newStage(t)
	var requests, once atomic.Int32
	s.rawServer(hangUpAfter(1, &requests, &once))
	for _, method := range []string{"POST", "PATCH", "GET", "PUT", "POST"} {
		for _, body := range []string{"", "body"} {
			for range 10 {
				if response, text := s.do(method, "/", body); response.StatusCode != 200 || text != "ok" {
					t.Errorf("%s %q: got %d %q, want 200 ok", method, body, response.StatusCode, text)
				}
			}
		}
	}
	if got := requests.Load(); got != 100 {
		t.Errorf("the server answered %d requests, want each of 100 once", got)
	}
	if got := once.Load(); got != 60 {
		t.Errorf("%d POST and PATCH came to the server, want each of 60 once", got)
	}
}

func TestProxy_ClosesAConnectionWithSomethingUnread(t *testing.T) {
	s := newStage(t)
	var connections atomic.Int32
	answered, sent := make(chan struct{}), make(chan struct{})
	s.rawServer(func(connection net.Conn) {
		connections.Add(1)
		reader := bufio.NewReader(connection)
		for {
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			io.WriteString(connection, "HTTP/1.1 204 No\r\n\r\n")
			<-answered // so that it comes behind the answer
			io.WriteString(connection, "HTTP/1.1 200 Another's\r\nContent-Length: 0\r\n\r\n")
			sent <- struct{}{}
		}
	})
	for range 50 {
		if response, _ := s.do("GET", "/", ""); response.StatusCode != 204 {
			t.Fatalf("got %s, which was sent behind the answer to another request", response.Status)
		}
		answered <- struct{}{}
		<-sent
	}
	if got := connections.Load(); got != 50 {
		t.Errorf("got %d connections for 50 answers with something behind them, want 50", got)
	}
}

func TestProxy_NoticesAClientThatIsGoneWhileTheServerIsSilent(t *testing.T) {
	s := newStage(t)
	got := make(chan struct{})
	s.rawServer(func(connection net.Conn) { http.ReadRequest(bufio.NewReader(connection)); close(got) })
	connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-got
	connection.Close()
	eventually(t, s.isIdle) // well before RESPONSE_TIMEOUT, a minute
}

func TestProxy_EndsClientsThatStop(t *testing.T) {
	config := testConfig(t)
	config.HeadTimeout, config.BodyTimeout = hasty, hasty
	s := newStageWith(t, config)
	begun := make(chan struct{})
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			close(begun)
			io.Copy(w, endless{})
		}
		io.Copy(io.Discard, r.Body)
	})
	for name, test := range map[string]struct {
		text string
		want int
	}{
		"in the head": {"GET / HTTP/1.1\r\nHost:", 408},
		"in the body": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", 408},
	} {
		if got, err := status(s.dial(test.text)); got != test.want {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, test.want)
		}
	}
	s.dial("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n") // and reads nothing
	<-begun
	eventually(t, s.isIdle)
}

// A slow client leaves the proxy in one write for longer than BODY_TIMEOUT: the
// kernel takes more only when a third of its buffer is free.
func TestProxy_LetsASlowClientReadOn(t *testing.T) {
	t.Parallel()
	const size = 12 << 20
	config := testConfig(t)
	config.BodyTimeout = 600 * time.Millisecond
	s := newStageWith(t, config)
	s.backend(func(w http.ResponseWriter, _ *http.Request) { io.CopyN(w, endless{}, size) })
	s.readsSlowly(config, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", size)
}

func TestProxy_BoundsTheConnectionsOfOneAddress(t *testing.T) {
	config := testConfig(t)
	config.MaxClientConnections = 3
	s := newStageWith(t, config)
	s.backend(ok)
	for range 3 {
		connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := status(connection); got != 200 {
			t.Errorf("within the bound: got %d, %v, want 200", got, err)
		}
	}
	if got, err := status(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); got != 503 {
		t.Errorf("beyond the bound: got %d, %v, want 503", got, err)
	}
}

func TestProxy_AnswersABrowserWithAPageAndAScriptWithALine(t *testing.T) {
	s := newStage(t)
	for accept, want := range map[string]string{"text/html,*/*;q=0.8": "<!doctype html>", "*/*": "No server is listed"} {
		connection := s.dial(fmt.Sprintf("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: %s\r\n\r\n", accept))
		answer, _ := io.ReadAll(connection)
		if _, body, _ := strings.Cut(string(answer), "\r\n\r\n"); !strings.HasPrefix(body, want) {
			t.Errorf("Accept: %s: got %q, want a body that begins with %q", accept, answer, want)
		}
	}
}

func TestProxy_CountsOnlyRequestsAgainstWhatAServerMayHave(t *testing.T) {
	config := testConfig(t)
	config.MaxServerRequests = 16
	s := newStageWith(t, config)
	s.backend(ok)
	var load sync.WaitGroup
	var refused atomic.Int32
	for range config.MaxServerRequests {
		load.Go(func() {
			for range 100 {
				connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				if got, _ := status(connection); got != 200 {
					refused.Add(1)
				}
				io.Copy(io.Discard, connection) // the proxy is done with it when it hangs up
				connection.Close()
			}
		})
	}
	load.Wait()
	if got := refused.Load(); got != 0 {
		t.Errorf("%d of 1600 requests were refused, with never more at once than may be", got)
	}
}
