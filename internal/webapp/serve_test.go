package webapp

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
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

func TestServe_LetsARequestUnderWayEnd(t *testing.T) {
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

func TestServe_CutsOffARequestThatTakesTooLong(t *testing.T) {
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

func TestServe_ReturnsTheErrorOfItsListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	if err := newApp(t, failing{}, slog.New(slog.DiscardHandler)).Serve(t.Context(), listener); err == nil {
		t.Error("Serve on a closed listener: got nil, want an error")
	}
}

// firstServer serves as the first server of an empty Redis's fleet.
func firstServer(t *testing.T, stepAsideTimeout time.Duration) (f *fleet.Fleet, address string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	f = open(t)
	app := newApp(t, f, slog.New(slog.DiscardHandler))
	app.config.Port = site.First
	app.stepAsideTimeout = stepAsideTimeout
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Serve(ctx, listener) }()
	return f, listener.Addr().String(), stop, done
}

func wantLists(t *testing.T, f *fleet.Fleet, listed []fleet.Server, drains bool) {
	t.Helper()
	lists, err := f.Lists(t.Context())
	must(t, err)
	draining, err := f.IsDraining(t.Context(), f.FirstServer())
	must(t, err)
	if got := lists.Listed(); !slices.Equal(got, listed) || draining != drains {
		t.Errorf("got servers %v, the first draining %v, want %v, %v", got, draining, listed, drains)
	}
}

func TestFirstServer_StepsAsideAndServesUntilTheProxySaysThatItHasDrained(t *testing.T) {
	f, address, stop, ended := firstServer(t, time.Hour)
	list(t, f, 3000, 3001)
	stop()
	for draining := false; !draining; {
		var err error
		draining, err = f.IsDraining(t.Context(), f.FirstServer())
		must(t, err)
	}
	wantLists(t, f, []fleet.Server{f.Server(3001)}, true)
	for path, want := range map[string]int{"/listservers": 200, "/healthz": 503} {
		response, err := http.Get("http://" + address + path)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s while it drains: got %s, want %d", path, response.Status, want)
		}
	}
	proxy, err := f.Rotation("proxy")
	must(t, err)
	must(t, proxy.Drained(t.Context(), f.FirstServer()))
	select {
	case err := <-ended:
		must(t, err)
	case <-time.After(time.Minute):
		t.Error("it goes on after it has drained")
	}
}

func TestFirstServer_StopsThoughNoProxySaysThatItHasDrained(t *testing.T) {
	f, _, stop, ended := firstServer(t, 50*time.Millisecond)
	list(t, f, 3000, 3001)
	stop()
	must(t, <-ended)
	wantLists(t, f, []fleet.Server{f.Server(3001)}, true)
}

func TestFirstServer_StaysListedWhenNoOtherIs(t *testing.T) {
	f, _, stop, ended := firstServer(t, time.Hour)
	list(t, f, 3000)
	stop()
	must(t, <-ended)
	wantLists(t, f, []fleet.Server{f.FirstServer()}, false)
}

func TestSpawnedServer_LeavesItsListToInfrastructure(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001)
	app := newApp(t, f, slog.New(slog.DiscardHandler)) // on port 3001
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	must(t, app.Serve(ctx, listener))
	wantLists(t, f, []fleet.Server{f.FirstServer(), f.Server(3001)}, false)
}
