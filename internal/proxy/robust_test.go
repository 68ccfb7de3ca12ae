package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
	_ = connection.SetDeadline(time.Now().Add(2 * patience))
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
	unlessStalled(t, func() (complaint string, stalled bool) {
		connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		read := int64(0)
		for range 24 {
			began := time.Now()
			time.Sleep(config.BodyTimeout / 8)
			n, _ := io.CopyN(io.Discard, connection, size/240)
			read += n
			stalled = stalled || time.Since(began) > config.BodyTimeout/2
		}
		rest, err := io.Copy(io.Discard, connection)
		if read += rest; read < size {
			complaint = fmt.Sprintf("got %d bytes, %v, want the %d of the body and the head", read, err, size)
		}
		return complaint, stalled
	})
}

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
		left, before := time.Now(), calls.Load()
		s.do("GET", "/", "")
		if more := calls.Load() - before; more != 0 {
			complaint = "the next request went to the server that hangs, want it left out"
		}
		return complaint, time.Since(left) > firstOut/2
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
	for range 5 {
		response, err := http.ReadResponse(bufio.NewReader(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), nil)
		if err != nil || response.StatusCode != 200 || !response.Close {
			t.Fatalf("while a request ends: got %v, %v, want 200 and Connection: close", response, err)
		}
	}
	unlessStalled(t, func() (complaint string, stalled bool) {
		came, slow := time.Now(), s.dial("")
		time.Sleep(4 * watchPause)
		io.WriteString(slow, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		sent := time.Since(came)
		if got, err := status(slow); got != 200 {
			complaint = fmt.Sprintf("a request that came %v after its connection: got %d, %v, want 200", sent, got, err)
		}
		return complaint, sent > 10*watchPause // half of what an idle connection has
	})
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
	for range 3 { // if the host stalls between the last that is accepted and the end, many may come in between
		if total = endsUnderLoad(t); total <= 1 {
			return
		}
		t.Logf("%d requests were cut in five rounds", total)
	}
	t.Errorf("%d requests were cut in five rounds, want none", total)
}

// endsUnderLoad ends five proxies, each with requests coming, and returns how
// many were cut.
func endsUnderLoad(t *testing.T) int32 {
	var cut atomic.Int32
	for range 5 {
		s := newStage(t)
		s.backend(ok)
		var load sync.WaitGroup
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
	}
	return cut.Load()
}
