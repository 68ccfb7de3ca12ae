package webapp

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"deux/internal/fleet"
)

func TestRecent_ShowsTheLastFiveVisitsAndItselfFirst(t *testing.T) {
	handler := pages(t, open(t))
	expectJSON(t, handler, "GET", "/recent", 200, `{"urls":["/recent"]}`)
	for _, path := range []string{"/", "/get/a%2Fb?c=d&e", "/upload", "/listservers"} {
		ask(t, handler, map[bool]string{true: "POST", false: "GET"}[path == "/upload"], path, asJSON)
	}
	expectJSON(t, handler, "GET", "/recent", 200,
		`{"urls":["/recent","/listservers","/upload","/get/a%2Fb?c=d\u0026e","/"]}`)
	expectHTML(t, handler, "GET", "/recent", 200, "<li><code>/get/a%2Fb?c=d&amp;e</code></li>")
}

func TestVisit_IsOnlyOfAPage(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	ask(t, handler, "GET", "/healthz", asHTML)
	ask(t, handler, "GET", "/favicon.ico", asHTML)
	ask(t, handler, "DELETE", "/spawn", asHTML)
	ask(t, handler, "HEAD", "/recent", asHTML)
	ask(t, handler, "GET", "/listservers/", asHTML)
	if got := recent(t, f); len(got) != 0 {
		t.Errorf("visits: got %q, want none", got)
	}
}

func TestVisit_IsCutAndStaysText(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	for query, want := range map[string]string{
		strings.Repeat("q", 5000):        "/?" + strings.Repeat("q", 2046),
		strings.Repeat("q", 2045) + "üü": "/?" + strings.Repeat("q", 2045),
		"a\xffb":                         "/?ab",
	} {
		request := httptest.NewRequest("GET", "/", nil)
		request.URL.RawQuery = query
		send(t, handler, request)
		if got := recent(t, f)[0]; got != want {
			t.Errorf("visit of ?%s: got %q, want %q", query, got, want)
		}
	}
}

func TestVisit_CountsWhenItsVisitorLeft(t *testing.T) {
	f := open(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	send(t, pages(t, f), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if got := recent(t, f); !slices.Equal(got, []string{"/"}) {
		t.Errorf("visits: got %q, want /", got)
	}
}

func TestVisit_IsShownEscaped(t *testing.T) {
	f := open(t)
	must(t, f.AddVisit(t.Context(), "/?<script>alert(1)</script>"))
	handler := pages(t, f)
	expectHTML(t, handler, "GET", "/recent", 200, "/?&lt;script&gt;alert(1)&lt;/script&gt;")
	if got := ask(t, handler, "GET", "/recent", asHTML).body; strings.Contains(got, "<script>") {
		t.Errorf("/recent: got %s, want no script", got)
	}
}

func TestRecent_IsAnEmptyListBeforeTheFirstVisit(t *testing.T) {
	handler := pages(t, &blindStore{store: open(t)})
	expectJSON(t, handler, "GET", "/recent", 200, `{"urls":[]}`)
}

func TestVisit_ThatCannotBeRememberedFailsNoPageAndIsLoggedOnceAnOutage(t *testing.T) {
	store := &blindStore{store: open(t)}
	var log bytes.Buffer
	handler := newApp(t, store, slog.New(slog.NewTextHandler(&log, nil))).routes()

	for _, err := range []error{errors.New("first outage"), nil, errors.New("second outage"), nil} {
		store.err = err
		for range 3 {
			expectJSON(t, handler, "GET", "/listservers", 200, `{"servers":[]}`)
		}
	}
	var got []string
	for line := range strings.Lines(log.String()) {
		_, event, _ := strings.Cut(strings.TrimSpace(line), "msg=")
		got = append(got, event)
	}
	want := []string{
		`"Redis is away" error="first outage"`, `"Redis is back"`,
		`"Redis is away" error="second outage"`, `"Redis is back"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("log: got %q, want %q", got, want)
	}
}

func recent(t *testing.T, f *fleet.Fleet) []string {
	t.Helper()
	urls, err := f.Recent(t.Context())
	must(t, err)
	return urls
}
