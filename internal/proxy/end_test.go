package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
