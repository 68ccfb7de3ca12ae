package webapp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

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

func TestLogin_IsGoodAtEveryServerUntilItEndsAtAll(t *testing.T) {
	f := open(t)
	one, two := locked(t, f, nil), locked(t, f, nil)
	cookie := cookieOf(t, logIn(t, one, sesame, "/"))
	for name, handler := range map[string]http.Handler{"the same": one, "another": two} {
		if got := send(t, handler, inBrowser("POST", "/set/key", "Cookie", cookie)); got.status != 200 {
			t.Errorf("%s server: got %v, want 200", name, got)
		}
		if got := send(t, handler, inBrowser("GET", "/", "Cookie", cookie)); !strings.Contains(got.body, "Log out") {
			t.Errorf("%s server: got %v, want a page with Log out", name, got)
		}
	}
	got := send(t, two, inBrowser("POST", "/logout", "Cookie", cookie))
	if got.status != 303 || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("logout: got %v, %s, want 303 and the cookie gone", got, got.header.Get("Set-Cookie"))
	}
	for name, handler := range map[string]http.Handler{"one": one, "two": two} {
		if got := send(t, handler, inBrowser("POST", "/set/key", "Cookie", cookie)); got.status != 401 {
			t.Errorf("server %s after logout: got %v, want 401", name, got)
		}
	}
	other := locked(t, f, func(a *Access) { a.Password = "open barley" })
	if got := send(t, other, inBrowser("POST", "/set/key", "Cookie", cookieOf(t, logIn(t, one, sesame, "/")))); got.status != 401 {
		t.Errorf("after the password changed: got %v, want 401", got)
	}
}

func TestLogin_GoesOnToWhatWasAskedForAndNowhereElse(t *testing.T) {
	f := open(t)
	handler := locked(t, f, nil)
	cookie := cookieOf(t, logIn(t, handler, sesame, "/"))
	for next, want := range map[string]string{
		"/": "/", "/recent?x=1": "/recent?x=1", "": "/", "/get/a%2Fb": "/get/a%2Fb", "/upload": "/", "/retry": "/", "/forget": "/", "/login?next=/": "/", "/logout": "/",
		"//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "/%5Cevil.example": "/", "javascript:alert(1)": "/",
		"///evil.example": "/", "http:/evil.example": "/", "\t//evil.example": "/", "/\nevil": "/", "evil.example": "/", "//@evil.example": "/",
	} {
		got := logIn(t, handler, sesame, next)
		if location := got.header.Get("Location"); location != "/login?next="+url.QueryEscape(want) {
			t.Errorf("next=%q: got %d to %s, want %s", next, got.status, location, want)
		}
		got = send(t, handler, inBrowser("GET", "/login?next="+url.QueryEscape(next), "Cookie", cookie))
		if location := got.header.Get("Location"); got.status != 303 || location != want {
			t.Errorf("/login?next=%q: got %v to %s, want 303 to %s", next, got, location, want)
		}
	}
}

func TestLogin_AsksBeforeItGoesOnToAChange(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001)
	handler := locked(t, f, nil)
	cookie := cookieOf(t, logIn(t, handler, sesame, "/"))
	for _, path := range []string{"/spawn", "/destroy", "/meow", "/set/a%2Fb"} {
		for _, request := range []*http.Request{
			inBrowser("GET", "/login?next="+url.QueryEscape(path), "Cookie", cookie),
			inBrowser("GET", path, "Cookie", cookie, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-User", "?1"),
		} {
			if got := send(t, handler, request); got.status != 200 || !strings.Contains(got.body, `<form action="`+path+`" method="post">`) {
				t.Errorf("GET %s: got %v, want a page that asks", request.URL, got)
			}
		}
	}
	if lists, err := f.Lists(t.Context()); err != nil || len(lists.Servers()) != 2 {
		t.Errorf("lists: got %v, %v, want what was", lists.Servers(), err)
	}
	if recent, err := f.Recent(t.Context()); err != nil || len(recent) != 0 {
		t.Errorf("recent: got %q, %v, want no visits", recent, err)
	}
	if got := send(t, handler, inBrowser("POST", "/spawn", "Cookie", cookie)); got.status != 303 {
		t.Errorf("POST /spawn: got %v, want 303", got)
	}
}

func TestLogin_LooksAtFiveGuessesAndThenAtOneASecond(t *testing.T) {
	f := open(t)
	one, two := locked(t, f, nil), locked(t, f, nil)
	var guard sync.Mutex
	statuses := make(map[int]int)
	var tooSoon answer // one of a form that came too soon
	var guesses sync.WaitGroup
	start := time.Now()
	for i := range 30 { // at both servers, in both ways, all at once
		guesses.Go(func() {
			var got answer
			if i%3 == 0 {
				got = send(t, two, as("POST", "/spawn", "Authorization", "Bearer x"))
			} else {
				got = logIn(t, []http.Handler{one, two}[i%2], fmt.Sprint("guess ", i), "/recent")
			}
			guard.Lock()
			statuses[got.status]++
			if got.status == 429 && i%3 != 0 {
				tooSoon = got
			}
			guard.Unlock()
		})
	}
	guesses.Wait()
	most := 5 + int(time.Since(start)/time.Second) + 1
	if got := statuses[401]; got < 5 || got > most || statuses[401]+statuses[429] != 30 {
		t.Errorf("30 guesses in %v: got %v, want 5 to %d of 401 and the rest 429", time.Since(start), statuses, most)
	}
	if tooSoon.header.Get("Retry-After") != "1" || !strings.Contains(tooSoon.body, "Too many passwords were tried. Wait a second.") ||
		!strings.Contains(tooSoon.body, `name="next" value="/recent"`) {
		t.Errorf("a guess too soon: got %v, Retry-After %q, want 1 and a form that remembers where to go", tooSoon, tooSoon.header.Get("Retry-After"))
	}
	eventuallyLogsIn(t, one)
}

// eventuallyLogsIn waits for the next guess that is looked at.
func eventuallyLogsIn(t *testing.T, handler http.Handler) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		got := logIn(t, handler, sesame, "/")
		if got.status == 303 {
			return
		}
		if got.status != 429 || time.Now().After(deadline) {
			t.Fatalf("the right password: got %v, want 303 within seconds", got)
		}
	}
}

func TestLogin_SaysWhenRedisIsAway(t *testing.T) {
	handler := locked(t, failing{errors.New("connection refused")}, nil)
	for what, got := range map[string]answer{
		"login":  logIn(t, handler, sesame, "/"),
		"bearer": send(t, handler, as("POST", "/spawn", "Authorization", "Bearer "+sesame)),
	} {
		if got.status != 503 || !strings.Contains(got.body, awaySentence) {
			t.Errorf("%s: got %v, want 503 and %s", what, got, awaySentence)
		}
	}
}

func TestLogin_MarksTheCookieSecureBehindHTTPS(t *testing.T) {
	handler := locked(t, open(t), nil)
	for proto, want := range map[string]bool{"https": true, "http": false} {
		got := logIn(t, handler, sesame, "/", "X-Forwarded-Proto", proto).header.Get("Set-Cookie")
		if strings.Contains(got, "; Secure") != want || !strings.Contains(got, "; HttpOnly;") || !strings.Contains(got, "; SameSite=Lax") {
			t.Errorf("X-Forwarded-Proto: %s: got %s, want Secure %v", proto, got, want)
		}
	}
}

func TestLogin_IsNothingForAnotherSite(t *testing.T) {
	handler := locked(t, failing{}, nil)
	for _, path := range []string{"/login", "/logout"} {
		if got := send(t, handler, inBrowser("POST", path, "Sec-Fetch-Site", "cross-site")); got.status != 403 {
			t.Errorf("POST %s of another site: got %v, want 403", path, got)
		}
	}
	huge := httptest.NewRequest("POST", "/login", strings.NewReader("password="+strings.Repeat("x", 1<<20)))
	huge.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := send(t, handler, huge); got.status != 400 {
		t.Errorf("a form of 1 MiB: got %v, want 400", got)
	}
	if got := send(t, pages(t, failing{errors.New("away")}), inBrowser("GET", "/login")); got.status != 404 {
		t.Errorf("GET /login without a password: got %v, want 404", got)
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
	address := redistest.Address(t)
	f := fleet.Open(fleet.Redis{Address: address}, site)
	defer f.Close()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	handler := pages(t, f)
	for _, change := range append(changes, struct{ method, path string }{"GET", "/?spam"}) {
		for _, from := range []string{"cross-site", "same-site"} {
			got := send(t, handler, inBrowser(change.method, change.path, "Sec-Fetch-Site", from, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"))
			if want := map[bool]int{true: 200, false: 403}[change.path == "/?spam"]; got.status != want {
				t.Errorf("%s %s, %s: got %v, want %d", change.method, change.path, from, got, want)
			}
		}
	}
	if keys, err := client.Keys(t.Context(), "*").Result(); err != nil || len(keys) != 0 {
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
