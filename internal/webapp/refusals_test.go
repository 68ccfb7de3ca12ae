package webapp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
	"deux/internal/porttest"
)

// storePages are the requests whose answer is in Redis.
var storePages = map[string]string{
	"/": "GET", "/spawn": "POST", "/destroy": "POST", "/listservers": "GET",
	"/set/key": "GET", "/get/key": "GET", "/recent": "GET", "/meow": "GET",
}

const awaySentence = "Redis does not answer. Start it (make up) and try again."

func TestPages_SayWithoutRedisWhatToDo(t *testing.T) {
	handler := pages(t, failing{errors.New("connection refused")})
	for path, method := range storePages {
		expectJSON(t, handler, method, path, 503, `{"error":"`+awaySentence+`"}`)
		expectHTML(t, handler, method, path, 503, awaySentence)
		if got := ask(t, handler, method, path, asJSON).header.Get("Retry-After"); got != "5" {
			t.Errorf("%s %s: Retry-After: got %q, want 5", method, path, got)
		}
	}
	got := uploadFile(t, handler, asJSON, "image", png)
	if want := `{"error":"` + awaySentence + `"}`; got.status != 503 || got.body != want {
		t.Errorf("upload: got %v, want 503 %s", got, want)
	}
}

// silent is a store that does not answer.
type silent struct{ failing }

func (silent) AddVisit(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func (silent) Lists(ctx context.Context) (fleet.Lists, error) {
	<-ctx.Done()
	return fleet.Lists{}, ctx.Err()
}

func TestPages_WaitForASilentRedisFourSecondsAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, err := New(testConfig, silent{}, slog.New(slog.DiscardHandler))
		must(t, err)
		start := time.Now()
		expectJSON(t, app.routes(), "GET", "/listservers", 503, `{"error":"`+awaySentence+`"}`)
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("GET /listservers: got its answer after %v, want within 4s", took)
		}
	})
}

func TestPages_AreAnsweredSoonWithoutRedisAndHealthAtOnce(t *testing.T) {
	t.Parallel()
	f := fleet.Open(fleet.Redis{Address: fmt.Sprint("127.0.0.1:", porttest.Free(t))}, site)
	defer f.Close()
	handler := pages(t, f)

	start := time.Now()
	expectJSON(t, handler, "GET", "/listservers", 503, `{"error":"`+awaySentence+`"}`)
	if took := time.Since(start); took > 20*time.Second { // a client of Redis by itself tries for longer
		t.Errorf("GET /listservers: got its answer after %v, want it soon", took)
	}
	if got := ask(t, handler, "GET", "/healthz", asHTML); got.status != 200 || got.body != "ok\n" {
		t.Errorf("GET /healthz: got %v, want 200 ok", got)
	}
}

func TestPanic_IsAnsweredInASentenceAndExplainedInTheLog(t *testing.T) {
	var log bytes.Buffer
	handler := newApp(t, failing{}, slog.New(slog.NewTextHandler(&log, nil))).routes()
	const sentence = "Something went wrong in this server. Its log says what."
	expectJSON(t, handler, "GET", "/", 500, `{"error":"`+sentence+`"}`)
	expectHTML(t, handler, "GET", "/", 500, sentence)
	if got := ask(t, handler, "GET", "/", asHTML).body; strings.Contains(got, ".go:") || strings.Contains(got, "a test's panic") {
		t.Errorf("GET /: got %s, want nothing of the stack", got)
	}
	if got := log.String(); !strings.Contains(got, "a test's panic") || !strings.Contains(got, "helper_test.go") {
		t.Errorf("log: got %s, want the panic and its stack", got)
	}
}

func TestOutage_IsNotAClientThatLeaves(t *testing.T) {
	var log bytes.Buffer
	store := &blindStore{store: failing{context.Canceled}}
	handler := newApp(t, store, slog.New(slog.NewTextHandler(&log, nil))).routes()
	ask(t, handler, "GET", "/", asHTML)
	if log.Len() > 0 {
		t.Errorf("log: got %s, want nothing", log.String())
	}
}

func TestPages_ThatAreNotThereAreToldInBothForms(t *testing.T) {
	handler := pages(t, open(t))
	expectJSON(t, handler, "GET", "/nowhere", 404, `{"error":"There is no such page."}`)
	expectHTML(t, handler, "GET", "/%3Cscript%3E", 404, "There is no such page.")
	expectJSON(t, handler, "GET", "/upload", 405, `{"error":"This page does not support this method."}`)
	expectHTML(t, handler, "DELETE", "/spawn", 405, "This page does not support this method.")
	if got := ask(t, handler, "PUT", "/upload", asJSON).header.Get("Allow"); got != http.MethodPost {
		t.Errorf("PUT /upload: Allow: got %q, want POST", got)
	}
}

func TestPages_AreFoundWithASlashTooMany(t *testing.T) {
	got := ask(t, pages(t, open(t)), "GET", "/listservers/", asHTML)
	if location := got.header.Get("Location"); got.status != 301 || location != "/listservers" {
		t.Errorf("GET /listservers/: got %d to %q, want 301 to /listservers", got.status, location)
	}
}

// between returns what stands between two marks of a page.
func between(page, from, to string) string {
	_, rest, _ := strings.Cut(page, from)
	text, _, _ := strings.Cut(rest, to)
	return text
}

func TestPages_LetABrowserLoadNothingElse(t *testing.T) {
	handler := pages(t, open(t))
	code := between(ask(t, handler, "GET", "/", asHTML).body, "<script>", "</script>")
	for _, path := range []string{"/", "/nowhere"} {
		got := ask(t, handler, "GET", path, asHTML)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + digest(between(got.body, "<style>", "</style>")) +
				"'; script-src 'sha256-" + digest(code) + "'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; " +
				"frame-src http://*:0; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options": "nosniff",
			"Cache-Control":          "no-store",
			"Vary":                   "Accept",
		} {
			if got.header.Get(name) != want {
				t.Errorf("GET %s: %s: got %q, want %q", path, name, got.header.Get(name), want)
			}
		}
	}
}

func TestRefusal_HasOneStatusForEveryError(t *testing.T) {
	handler := func(err error) http.Handler { return pages(t, &blindStore{store: failing{err}}) }
	for err, want := range map[error]int{
		fleet.ErrFull: 429, fleet.ErrOutOfPorts: 503, fleet.ErrNoMessage: 404, fleet.ErrNoImages: 404,
		fleet.ErrPassword: 503, fleet.ErrOutOfMemory: 507,
		fleet.ErrFirstServer: 409, fleet.ErrNotListed: 409, fleet.ErrAlreadyGoing: 409, fleet.ErrNotFailed: 409,
		fleet.ErrTooManyImages: 507, context.DeadlineExceeded: 503, errors.New("LOADING Redis"): 503,
	} {
		recorder := httptest.NewRecorder()
		handler(err).ServeHTTP(recorder, httptest.NewRequest("GET", "/spawn", nil))
		if recorder.Code != want {
			t.Errorf("%v: got %d, want %d", err, recorder.Code, want)
		}
	}
}

func TestRefusal_IsHeadedByWhatIsWrong(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001, 3002)
	expectHTML(t, pages(t, f), "POST", "/spawn", 429, "<h1>The system is full</h1>")
	expectHTML(t, pages(t, failing{errors.New("away")}), "GET", "/", 503, "<h1>Redis is away</h1>")
	for _, refused := range append(refusals(testConfig), redisAway) {
		if refused.title == "" || len(refused.title) > 25 || refused.title == http.StatusText(refused.status) {
			t.Errorf("%v: got the title %q, want a short one of its own", refused.err, refused.title)
		}
	}
}

func TestPages_ThatABrowserPrefetchesAreRefusedAndChangeNothing(t *testing.T) {
	handler := pages(t, failing{}) // which panics when it is touched
	for path, method := range storePages {
		for header, value := range map[string]string{"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"} {
			request := httptest.NewRequest(method, path, nil)
			request.Header.Set("Accept", asJSON)
			request.Header.Set(header, value)
			const want = `{"error":"This page cannot be prefetched."}`
			if got := send(t, handler, request); got.status != 503 || got.body != want {
				t.Errorf("%s %s with %s: got %v, want 503 %s", method, path, header, got, want)
			}
		}
	}
}
