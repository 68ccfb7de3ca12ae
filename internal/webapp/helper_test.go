package webapp

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

// open returns the fleet of an empty Redis of the test's own.
func open(t *testing.T) *fleet.Fleet {
	t.Helper()
	f := fleet.Open(fleet.Redis{Address: redistest.Address(t)}, site)
	t.Cleanup(func() { f.Close() })
	return f
}

// testConfig is a system of few servers. httptest asks at example.com.
var testConfig = Config{
	Port: 3001, Site: site, MaxServers: 3, MaxImages: 2, MaxImageBytes: 64 << 20, MaxKeys: 1000, ShutdownTimeout: time.Minute,
	Access: Access{Fleet: "test", Hosts: []string{"example.com"}, SessionTimeout: time.Hour},
}

func newApp(t *testing.T, store store, log *slog.Logger) *App {
	t.Helper()
	return newAppWith(t, testConfig, store, log)
}

// newAppWith returns an App that waits for a Redis on a host that stalls.
func newAppWith(t *testing.T, config Config, store store, log *slog.Logger) *App {
	t.Helper()
	app, err := New(config, store, log)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	app.storeTimeout = time.Minute
	return app
}

// pages returns the pages over store, with the log thrown away.
func pages(t *testing.T, store store) http.Handler {
	t.Helper()
	return newApp(t, store, slog.New(slog.DiscardHandler)).routes()
}

type answer struct {
	status int
	header http.Header
	body   string
}

// String is what a failure prints: of a page only what is its own.
func (a answer) String() string {
	body := a.body
	if _, after, isPage := strings.Cut(body, "<main>"); isPage {
		body, _, _ = strings.Cut(after, "</main>")
	}
	return fmt.Sprintf("%d %.500s", a.status, body)
}

// ask sends a request without a body and returns the answer.
func ask(t *testing.T, handler http.Handler, method, target, accept string) answer {
	t.Helper()
	request := httptest.NewRequest(method, target, nil)
	request.Header.Set("Accept", accept)
	return send(t, handler, request)
}

// send also fails the test if a page is cut, as after a template's error.
func send(t *testing.T, handler http.Handler, request *http.Request) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	got := answer{recorder.Code, recorder.Header(), recorder.Body.String()}
	html := strings.HasPrefix(got.header.Get("Content-Type"), "text/html")
	if html && got.status/100 != 3 && !strings.HasSuffix(strings.TrimSpace(got.body), "</html>") {
		t.Fatalf("%s %s: the page is cut: %v", request.Method, request.URL, got)
	}
	return got
}

const (
	asJSON = "application/json"
	asHTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// expectJSON asks for JSON and compares it and the status with what is wanted.
func expectJSON(t *testing.T, handler http.Handler, method, target string, status int, body string) {
	t.Helper()
	got := ask(t, handler, method, target, asJSON)
	if got.status != status || got.body != body {
		t.Errorf("%s %s: got %v, want %d %s", method, target, got, status, body)
	}
}

// expectHTML asks as a browser and looks for a text in the page.
func expectHTML(t *testing.T, handler http.Handler, method, target string, status int, text string) {
	t.Helper()
	got := ask(t, handler, method, target, asHTML)
	if got.status != status || !strings.Contains(got.body, text) {
		t.Errorf("%s %s: got %v, want %d and a page with %q", method, target, got, status, text)
	}
}

// must ends the test if preparing it failed.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// list puts servers into rotation.
func list(t *testing.T, f *fleet.Fleet, ports ...int) {
	t.Helper()
	for _, port := range ports {
		must(t, f.Join(t.Context(), f.Server(port), 0))
	}
}

// failing is a store whose every call fails with err, and panics without one.
type failing struct{ err error }

func (f failing) fail() error {
	if f.err == nil {
		panic("a test's panic")
	}
	return f.err
}

func (f failing) RequestSpawn(context.Context, int) (fleet.Server, error) {
	return fleet.Server{}, f.fail()
}
func (f failing) RequestDestroy(context.Context) (fleet.Server, error) {
	return fleet.Server{}, f.fail()
}
func (f failing) RequestDestroyOf(context.Context, fleet.Server) error { return f.fail() }
func (f failing) Retry(context.Context, fleet.Server, int) error       { return f.fail() }
func (f failing) ForgetFailed(context.Context, string) error           { return f.fail() }
func (f failing) Lists(context.Context) (fleet.Lists, error)           { return fleet.Lists{}, f.fail() }
func (f failing) Snapshot(context.Context, fleet.Depth) (fleet.Snapshot, error) {
	return fleet.Snapshot{}, f.fail()
}
func (f failing) StepAside(context.Context, fleet.Server) (bool, error)  { return false, f.fail() }
func (f failing) IsDraining(context.Context, fleet.Server) (bool, error) { return false, f.fail() }
func (f failing) AwaitDraining(context.Context, fleet.Server, time.Duration) (bool, error) {
	return false, f.fail()
}
func (f failing) SetMessage(context.Context, string, string, time.Duration, int) error {
	return f.fail()
}
func (f failing) Message(context.Context, string) (string, error)         { return "", f.fail() }
func (f failing) AddVisit(context.Context, string) error                  { return f.fail() }
func (f failing) Recent(context.Context) ([]string, error)                { return nil, f.fail() }
func (f failing) AddImage(context.Context, string, int, int64) error      { return f.fail() }
func (f failing) TakeGuess(context.Context, string, bool) error           { return f.fail() }
func (f failing) EndSession(context.Context, string, time.Duration) error { return f.fail() }
func (f failing) SessionEnded(context.Context, string) (bool, error)      { return false, f.fail() }
func (f failing) TakeImage(context.Context) (string, error)               { return "", f.fail() }

// blindStore remembers no visits and is otherwise what it embeds.
type blindStore struct {
	store
	err error
}

func (b *blindStore) AddVisit(context.Context, string) error { return b.err }

// chunked hides the length of a body, so that it is sent in chunks.
func chunked(body io.Reader) io.Reader { return struct{ io.Reader }{body} }
