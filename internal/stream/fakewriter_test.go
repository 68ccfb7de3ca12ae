package stream

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// fakeWriter is a server in socat's place; serve gets each connection and its
// number, from 1, and returns to close it.
type fakeWriter struct {
	listener net.Listener
	dials    atomic.Int64
}

func newFakeWriter(t *testing.T, serve func(conn net.Conn, number int64)) *fakeWriter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &fakeWriter{listener: listener}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			number := w.dials.Add(1)
			serving.Go(func() { defer conn.Close(); serve(conn, number) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return w
}

func (w *fakeWriter) address() string { return w.listener.Addr().String() }

// newFakeWriterOf returns a writer that sends text.
func newFakeWriterOf(t *testing.T, text string) *fakeWriter {
	return newFakeWriter(t, func(conn net.Conn, _ int64) { io.WriteString(conn, text) })
}

// hang keeps the connection until the other side closes it.
func hang(conn net.Conn) { io.Copy(io.Discard, conn) }
