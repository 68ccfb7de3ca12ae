package webapp

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"deux/internal/fleet"
)

// slowStore holds every reading of the lists until it is released.
type slowStore struct {
	blindStore
	entered, release chan struct{}
}

func (s *slowStore) Lists(context.Context) (fleet.Lists, error) {
	s.entered <- struct{}{}
	<-s.release
	return fleet.Lists{}, nil
}

// serving is a server with one request under way.
type serving struct {
	store   *slowStore
	address string
	stop    context.CancelFunc
	ended   chan error // what Serve returned
	status  chan int   // of the request's answer, 0 if it was cut off
}

func serve(t *testing.T, shutdownTimeout time.Duration) *serving {
	t.Helper()
	store := &slowStore{entered: make(chan struct{}), release: make(chan struct{})}
	app := newApp(t, store, slog.New(slog.DiscardHandler))
	app.config.ShutdownTimeout = shutdownTimeout
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	s := &serving{store, listener.Addr().String(), stop, make(chan error, 1), make(chan int, 1)}
	go func() { s.ended <- app.Serve(ctx, listener) }()
	go s.request()
	<-store.entered
	return s
}

func (s *serving) request() {
	response, err := http.Get("http://" + s.address + "/listservers")
	if err != nil {
		s.status <- 0
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	s.status <- response.StatusCode
}

// waitClosed returns when the server takes no connections any more.
func (s *serving) waitClosed() {
	for {
		connection, err := net.Dial("tcp", s.address)
		if err != nil {
			return
		}
		connection.Close()
	}
}

func TestStoppingLetsARequestUnderWayEnd(t *testing.T) {
	s := serve(t, time.Minute)
	s.stop()
	s.waitClosed()
	select {
	case err := <-s.ended:
		t.Fatalf("Serve: got %v during a request, want it to wait", err)
	default:
	}
	close(s.store.release)
	if got := <-s.status; got != 200 {
		t.Errorf("the request under way: got %d, want 200", got)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: got %v, want nil", err)
	}
}

func TestStoppingCutsOffARequestThatTakesTooLong(t *testing.T) {
	s := serve(t, time.Millisecond)
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: got %v, want nil", err)
	}
	close(s.store.release)
	if got := <-s.status; got != 0 {
		t.Errorf("the request under way: got %d, want it cut off", got)
	}
}

func TestServeReturnsTheErrorOfItsListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	if err := newApp(t, failing{}, slog.New(slog.DiscardHandler)).Serve(t.Context(), listener); err == nil {
		t.Error("Serve on a closed listener: got nil, want an error")
	}
}
