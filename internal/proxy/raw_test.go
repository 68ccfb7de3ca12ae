package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
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
