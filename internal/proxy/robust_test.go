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

// rawServer lists a server that hands each connection to serve.
func (s *stage) rawServer(serve func(net.Conn)) (url string) {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			s.t.Cleanup(func() { connection.Close() })
			go serve(connection)
		}
	}()
	url = "http://" + listener.Addr().String()
	s.list(url)
	return url
}

// dial connects to the proxy and sends text.
func (s *stage) dial(text string) net.Conn {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(connection, text)
	return connection
}

// status reads an answer and returns its status and whether it came whole.
func status(connection net.Conn) (status int, err error) {
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// isIdle reports whether no request is in flight to any server.
func (s *stage) isIdle() bool {
	for _, to := range s.proxy.rotor.upstreams() {
		if to.inFlight.Load() > 0 {
			return false
		}
	}
	return true
}

// endless is a body of zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestProxy_EndsAnUploadToAServerThatReadsNothing(t *testing.T) {
	s := newStage(t)
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
	config := testConfig(t)
	config.ResponseTimeout = time.Minute
	s := newStageWith(t, config)
	got := make(chan struct{})
	s.rawServer(func(connection net.Conn) { http.ReadRequest(bufio.NewReader(connection)); close(got) })
	connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-got
	connection.Close()
	gone := time.Now()
	eventually(t, s.isIdle)
	if took := time.Since(gone); took > time.Second {
		t.Errorf("noticed after %v, want within a second", took)
	}
}

func TestProxy_EndsClientsThatStop(t *testing.T) {
	s := newStage(t)
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
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
	eventually(t, func() bool { return !s.isIdle() })
	eventually(t, s.isIdle)
}

func TestProxy_LetsASlowClientReadOn(t *testing.T) {
	s := newStage(t)
	const size = 12 << 20
	s.backend(func(w http.ResponseWriter, _ *http.Request) { io.CopyN(w, endless{}, size) })
	connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	read, part := int64(0), int64(size/20)
	for { // for longer than BODY_TIMEOUT in all, and never stopping for so long
		n, err := io.CopyN(io.Discard, connection, part)
		if read += n; err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if read < size {
		t.Errorf("got %d bytes, want the %d of the body and the head", read, size)
	}
}

func TestProxy_GoesOnElsewhereWhenAServerHangs(t *testing.T) {
	config := testConfig(t)
	config.ResponseTimeout = time.Minute
	s := newStageWith(t, config)
	alive, _ := s.backend(ok)
	hung := s.rawServer(func(net.Conn) {})
	began := time.Now()
	for range 2 {
		response, _ := s.do("GET", "/", "")
		if got := response.Header.Get(ServedBy); response.StatusCode != 200 || got != alive {
			t.Errorf("got %s from %s, want 200 from %s and not %s", response.Status, got, alive, hung)
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v until the server that hangs was left out, want at most 3 s", took)
	}
	began = time.Now()
	s.do("GET", "/", "")
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("the next request took %v, want none to go to the server that hangs", took)
	}
}

func TestProxy_LeavesASlowServerAlone(t *testing.T) {
	config := testConfig(t)
	config.ResponseTimeout = time.Minute
	s := newStageWith(t, config)
	s.backend(ok)
	slow, _ := s.backend(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			time.Sleep(3 * time.Second)
		}
	})
	s.do("GET", "/", "") // the other one's turn
	response, _ := s.do("GET", "/slow", "")
	if got := response.Header.Get(ServedBy); got != slow {
		t.Errorf("got an answer from %s, want it from %s, which is only slow", got, slow)
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
	// A client has its answer a moment before the proxy is done with it, so each
	// may count twice.
	for range config.MaxServerRequests / 2 {
		load.Go(func() {
			for range 200 {
				connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				if got, _ := status(connection); got != 200 {
					refused.Add(1)
				}
				connection.Close()
			}
		})
	}
	load.Wait()
	if got := refused.Load(); got != 0 {
		t.Errorf("%d of 1600 requests were refused, with never more at once than may be", got)
	}
}

func TestProxy_RefusesNobodyWhileARequestEnds(t *testing.T) {
	s := newStage(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			close(begun)
			<-finish
		}
	})
	long := s.dial("GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	s.stopAccepting()
	eventually(t, s.proxy.stopping.Load)
	slow := s.dial("")
	for range 5 {
		response, err := http.ReadResponse(bufio.NewReader(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), nil)
		if err != nil || response.StatusCode != 200 || !response.Close {
			t.Fatalf("while a request ends: got %v, %v, want 200 and Connection: close", response, err)
		}
	}
	came := s.proxy.clock.now.Load()
	eventually(t, func() bool { return s.proxy.clock.since(came) > 4*watchPause })
	io.WriteString(slow, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if got, err := status(slow); got != 200 {
		t.Errorf("a request that came a little after its connection: got %d, %v, want 200", got, err)
	}
	close(finish)
	if got, err := status(long); got != 200 {
		t.Errorf("the request that was under way: got %d, %v, want 200", got, err)
	}
	eventually(t, func() bool { // and then it listens no more
		connection, err := net.Dial("tcp", s.address)
		if err == nil {
			connection.Close()
		}
		return err != nil
	})
}

func TestProxy_AnswersWhatHasComeWhenItIsToldToEnd(t *testing.T) {
	total := int32(0)
	for range 5 {
		s := newStage(t)
		s.backend(ok)
		var load sync.WaitGroup
		var cut atomic.Int32
		for range 20 {
			load.Go(func() {
				for {
					connection, err := net.Dial("tcp", s.address)
					if err != nil {
						return // it has ended
					}
					io.WriteString(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
					if got, err := status(connection); got != 200 {
						t.Logf("got %d, %v", got, err)
						cut.Add(1)
					}
					connection.Close()
				}
			})
		}
		eventually(t, func() bool { return s.proxy.rotor.fetched.Load() > 500 })
		s.stopAccepting()
		load.Wait()
		total += cut.Load()
	}
	if total > 1 { // one may come between the last that is accepted and the end
		t.Errorf("%d requests were cut in five rounds, want none", total)
	}
}
