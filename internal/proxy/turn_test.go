package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// A client that waits for 100 Continue is not the one that is silent.
func TestProxy_SaysWhoseTurnItWasToGoOn(t *testing.T) {
	for name, test := range map[string]struct {
		interim         string
		response, pause time.Duration // as long as they may be
		want            int
	}{
		"the server's, before a 100": {"", hasty, time.Minute, 504},
		"the server's, after a 103":  {"HTTP/1.1 103 Early Hints\r\n\r\n", hasty, time.Minute, 504},
		"the client's, after a 100":  {"HTTP/1.1 100 Continue\r\n\r\n", time.Minute, hasty, 408},
	} {
		t.Run(name, func(t *testing.T) {
			config := testConfig(t)
			config.ResponseTimeout, config.BodyTimeout = test.response, test.pause
			s := newStageWith(t, config)
			s.rawServer(func(connection net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(connection))
				io.WriteString(connection, test.interim)
			})
			reader := bufio.NewReader(s.dial("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"))
			response, err := http.ReadResponse(reader, nil)
			for err == nil && response.StatusCode < 200 {
				response, err = http.ReadResponse(reader, nil)
			}
			if err != nil || response.StatusCode != test.want {
				t.Errorf("got %v, %v, want %d", response, err, test.want)
			}
		})
	}
}

// What a client takes of an answer is a sign of life, although its upload pauses.
func TestProxy_LetsAClientReadOnWhoseUploadPauses(t *testing.T) {
	t.Parallel()
	const size = 12 << 20
	config := testConfig(t)
	config.BodyTimeout = 600 * time.Millisecond
	s := newStageWith(t, config)
	s.rawServer(func(connection net.Conn) {
		fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		io.CopyN(connection, endless{}, size)
	})
	s.readsSlowly(config, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", size)
}

// Closing a connection with something unread resets it, and what the client has
// not got of its answer is lost.
func TestProxy_LosesNoAnswerToWhatIsUnreadBehindTheRequest(t *testing.T) {
	s := newStage(t)
	const size = 2 << 20
	sent := make(chan struct{})
	s.backend(func(w http.ResponseWriter, _ *http.Request) {
		<-sent
		io.CopyN(w, endless{}, size)
	})
	connection := s.dial("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	eventually(t, func() bool { return s.proxy.underWay.Load() == 1 })
	io.WriteString(connection, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
	close(sent)
	eventually(t, s.isIdle) // the whole answer is in the kernel
	if n, err := io.Copy(io.Discard, connection); n < size || err != nil {
		t.Errorf("got %d bytes, %v, want the %d of the answer", n, err, size)
	}
}
