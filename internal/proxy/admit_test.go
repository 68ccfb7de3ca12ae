package proxy

import (
	"log/slog"
	"net"
	"testing"
	"time"
)

// backlogged returns a proxy without servers and a listener that nobody accepts
// from.
func backlogged(t *testing.T) (*Proxy, *net.TCPListener) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	lists := newFakeLists()
	close(lists.release)
	return newProxy(testConfig(t), lists, lists, slog.New(slog.DiscardHandler)), listener.(*net.TCPListener)
}

func TestProxy_AnswersWhatIsInTheQueueBehindAConnectionThatWasReset(t *testing.T) {
	p, listener := backlogged(t)
	var last net.Conn
	for i := range 3 {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if last = connection; i < 2 {
			_ = connection.(*net.TCPConn).SetLinger(0)
			connection.Close()
		}
	}
	p.acceptBacklog(listener)
	_ = last.SetDeadline(time.Now().Add(patience))
	if _, err := last.Write([]byte("BAD\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := status(last); got != 400 {
		t.Errorf("got %d, %v, want an answer", got, err)
	}
}
