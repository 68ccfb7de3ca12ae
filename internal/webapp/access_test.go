package webapp

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

const (
	sesame  = "open sesame"
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// locked returns the pages over store of a system with a password.
func locked(t *testing.T, store store, change func(*Access)) http.Handler {
	t.Helper()
	config := testConfig
	config.Password = sesame
	if change != nil {
		change(&config.Access)
	}
	app := newAppWith(t, config, store, slog.New(slog.DiscardHandler))
	if app.config.Password != "" {
		t.Errorf("the app keeps the password, want its hash alone")
	}
	return app.routes()
}

// as returns a request that a client sends which gives these fields.
func as(method, target string, fields ...string) *http.Request {
	request := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	return request
}

// inBrowser returns a request of a page of the system itself.
func inBrowser(method, target string, fields ...string) *http.Request {
	return as(method, target, append([]string{"User-Agent", browser, "Accept", asHTML, "Sec-Fetch-Site", "same-origin"}, fields...)...)
}

// logIn sends the login form and returns the answer.
func logIn(t *testing.T, handler http.Handler, password, next string, fields ...string) answer {
	t.Helper()
	form := url.Values{"password": {password}, "next": {next}}.Encode()
	request := httptest.NewRequest("POST", "/login", strings.NewReader(form))
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", browser)
	request.Header.Set("Accept", asHTML)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return send(t, handler, request)
}

// cookieOf returns the Cookie field that a browser sends after the answer.
func cookieOf(t *testing.T, got answer) string {
	t.Helper()
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	if got.status != 303 || cookie == "" {
		t.Fatalf("login: got %v with cookie %q, want 303 and a cookie", got, cookie)
	}
	return cookie
}

// changes are the requests that change something.
var changes = []struct{ method, path string }{
	{"GET", "/spawn"}, {"POST", "/spawn"}, {"GET", "/destroy"}, {"POST", "/destroy"}, {"GET", "/set/key"}, {"POST", "/set/key"},
	{"POST", "/retry"}, {"POST", "/forget"}, {"POST", "/upload"}, {"GET", "/meow"}, {"POST", "/meow"},
}

func TestAccess_AsksForThePasswordBeforeAnythingChanges(t *testing.T) {
	handler := locked(t, failing{}, nil) // whose every call panics
	for _, change := range changes {
		got := send(t, handler, as(change.method, change.path, "Accept", asJSON))
		const want = `{"error":"This needs the password: log in at /login, or send it as Authorization: Bearer PASSWORD."}`
		if got.status != 401 || got.body != want || got.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s: got %v, WWW-Authenticate %q, want 401 %s and Bearer", change.method, change.path, got, got.header.Get("WWW-Authenticate"), want)
		}
		got = send(t, handler, inBrowser(change.method, change.path))
		if form := `name="next" value="` + change.path + `"`; got.status != 401 || !strings.Contains(got.body, form) {
			t.Errorf("%s %s in a browser: got %v, want 401 and a login with %s", change.method, change.path, got, form)
		}
	}
}

func TestAccess_LeavesReadingOpenUnlessItIsPrivate(t *testing.T) {
	f := open(t)
	isOpen, isPrivate := locked(t, f, nil), locked(t, f, func(a *Access) { a.Private = true })
	for _, path := range []string{"/", "/listservers", "/recent", "/healthz", "/login"} {
		if got := send(t, isOpen, inBrowser("GET", path)); got.status != 200 {
			t.Errorf("GET %s: got %v, want 200", path, got)
		}
		want := 401
		if path == "/healthz" || path == "/login" {
			want = 200
		}
		if got := send(t, isPrivate, inBrowser("GET", path)); got.status != want {
			t.Errorf("private, GET %s: got %v, want %d", path, got, want)
		}
		if got := send(t, isPrivate, as("GET", path, "Authorization", "Bearer "+sesame)); got.status != 200 {
			t.Errorf("private, GET %s with the password: got %v, want 200", path, got)
		}
	}
	if got := send(t, isPrivate, as("HEAD", "/")); got.status != 401 {
		t.Errorf("private, HEAD /: got %v, want 401", got)
	}
}

func TestAccess_TakesThePasswordAsABearerToken(t *testing.T) {
	f := open(t)
	handler := locked(t, f, nil)
	for range 8 { // more than may be wrong
		if got := send(t, handler, as("POST", "/set/key", "Authorization", "Bearer "+sesame)); got.status != 200 {
			t.Fatalf("with the password: got %v, want 200", got)
		}
	}
	if got := send(t, handler, as("POST", "/set/key", "Authorization", "Bearer nothing", "Accept", asJSON)); got.status != 401 || got.body != `{"error":"That is not the password."}` {
		t.Errorf("with another: got %v, want 401", got)
	}
}

func TestAccess_RefusesEveryChangeWhenReadOnly(t *testing.T) {
	f := open(t)
	handler := locked(t, f, func(a *Access) { a.ReadOnly = true })
	for _, change := range changes {
		got := send(t, handler, as(change.method, change.path, "Accept", asJSON, "Authorization", "Bearer "+sesame))
		if want := `{"error":"Nothing can be changed here: READ_ONLY is set."}`; got.status != 403 || got.body != want {
			t.Errorf("%s %s: got %v, want 403 %s", change.method, change.path, got, want)
		}
	}
	got := send(t, handler, inBrowser("GET", "/"))
	for _, gone := range []string{"/spawn", "/destroy", "/upload", "/set/", "/meow"} {
		if strings.Contains(got.body, `href="`+gone) || strings.Contains(got.body, `action="`+gone) {
			t.Errorf("GET /: got %v, want nothing of %s", got, gone)
		}
	}
}

func TestAccess_RefusesForeignHostsAndNamesTheSetting(t *testing.T) {
	handler := pages(t, open(t))
	for _, path := range []string{"/", "/spawn", "/set/key"} {
		got := send(t, handler, as("GET", "http://evil.example"+path))
		if got.status != 421 || !strings.Contains(got.body, "ALLOWED_HOSTS") {
			t.Errorf("%s at evil.example: got %v, want 421 and a word on ALLOWED_HOSTS", path, got)
		}
	}
	for _, target := range []string{"http://172.17.0.1:3456/", "http://localhost/", "http://evil.example/healthz"} {
		if got := send(t, handler, as("GET", target)); got.status != 200 {
			t.Errorf("%s: got %v, want 200", target, got)
		}
	}
}

func TestAccess_LetsAnotherSitesPageChangeNothing(t *testing.T) {
	cli := redistest.Open(t)
	f := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	defer f.Close()
	handler := pages(t, f)
	for _, change := range append(changes, struct{ method, path string }{"GET", "/?spam"}) {
		for _, from := range []string{"cross-site", "same-site"} {
			got := send(t, handler, inBrowser(change.method, change.path, "Sec-Fetch-Site", from, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"))
			if want := map[bool]int{true: 200, false: 403}[change.path == "/?spam"]; got.status != want {
				t.Errorf("%s %s, %s: got %v, want %d", change.method, change.path, from, got, want)
			}
		}
	}
	if keys, err := cli.Keys(t.Context(), "*").Result(); err != nil || len(keys) != 0 {
		t.Errorf("keys: got %q, %v, want none", keys, err)
	}
}

func TestSet_HasNoMoreKeysThanMayBe(t *testing.T) {
	f := open(t)
	config := testConfig
	config.MaxKeys = 3
	handler := newAppWith(t, config, f, slog.New(slog.DiscardHandler)).routes()
	for _, key := range []string{"a", "b", "a"} { // and recent
		expectStatus(t, handler, "/set/"+key, 200)
	}
	got := ask(t, handler, "GET", "/set/c", asJSON)
	if want := `{"error":"The limit of 3 keys is reached. Wait until some have self-destructed."}`; got.status != 429 || got.body != want || got.header.Get("Retry-After") != "10" {
		t.Errorf("a fourth key: got %v, want 429 %s", got, want)
	}
	expectStatus(t, handler, "/set/b", 200) // is there already
	expectStatus(t, handler, "/set/deux:ended:x", 409)
	expectStatus(t, handler, "/get/deux:guesses:all", 409)
}

func expectStatus(t *testing.T, handler http.Handler, path string, want int) {
	t.Helper()
	if got := ask(t, handler, "GET", path, asJSON); got.status != want {
		t.Errorf("GET %s: got %v, want %d", path, got, want)
	}
}
