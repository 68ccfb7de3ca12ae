package webapp

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
)

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
		"/./recent": "/", "/recent/": "/", "/x/../recent": "/", "/%2e/recent": "/", "/%72ecent": "/", "%2frecent": "/", "/get/%2E%2e/recent": "/", "/get/a%2F%2Fb": "/get/a%2F%2Fb", "/get/%252e": "/get/%252e",
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

// spellings are ways to write the path of a page that somebody on the way may
// read as that page: http.Redirect, the router, the browser.
func spellings(path string) []string {
	name := path[1:]
	escaped := fmt.Sprintf("%%%02x%s", name[0], name[1:])
	return []string{
		path, path + "?x", path + "#x", path + "/", path + "//", path + "/.", path + "/%2e", path + "/x/..", path + "/x/%2e%2E", path + "%2f", path + "%20", path + ";x",
		"/." + path, "/.." + path, "/x/.." + path, "/x/../." + path, "/x/../.." + path, "/./" + path, "//" + name, "///" + name, "/x//.." + path, "/x/..//" + name,
		"/%2e" + path, "/%2E" + path, "/%2e%2e" + path, "/.%2e" + path, "/x/%2e%2e" + path, "/x/%2E." + path, "/get/%2e%2e" + path, "/get/..%2f.." + path,
		"/x%2f.." + path, "/%2f" + name, "/.%2f" + name, "/%2e%2f" + name, "/%2fx/.." + path, "/%252e" + path,
		"/" + escaped, "/./" + escaped, "/x/../" + escaped, `/\` + name, `/.\` + name, `/x\..\` + name, "/.%5c" + name, `\` + name,
		"/\t." + path, "/.\n" + path, "/%09/.." + path, "/./%0a/.." + path, strings.ToUpper(path), name, "%2f" + name, "./" + name, "../" + name,
		"/login?next=" + path, "/./login?next=" + path, "/login/?next=" + path, "/%6cogin?next=" + path, "/logout/.." + path, "/events/.." + path,
		"http://example.com" + path, "//example.com" + path, "/x?y/.." + path,
	}
}

// follow sends what a browser does that is led to a location of this system, and
// returns the page that it shows in the end.
func follow(t *testing.T, handler http.Handler, cookie, location string) answer {
	t.Helper()
	at := &url.URL{Path: "/"}
	for range 10 {
		// As the URL Standard reads it, in "basic URL parser" and "single-dot URL path segment".
		next, err := url.Parse(strings.NewReplacer("%2e", ".", "%2E", ".", `\`, "/", "\t", "", "\n", "").Replace(location))
		must(t, err)
		if at = at.ResolveReference(next); at.Host != "" {
			t.Fatalf("led to %s, want to a page of this system", at)
		}
		got := send(t, handler, inBrowser("GET", at.RequestURI(), "Cookie", cookie))
		if location = got.header.Get("Location"); got.status/100 != 3 {
			return got
		}
	}
	t.Fatalf("led to %s in the end, want to a page", location)
	return answer{}
}

func TestLogin_ChangesNothingHoweverThePathOfAChangeIsSpelled(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001)
	must(t, f.AddImage(t.Context(), encodedPNG, 9, 64<<20))
	handler := locked(t, f, nil)
	cookie := cookieOf(t, logIn(t, handler, sesame, "/"))
	for _, path := range []string{"/spawn", "/destroy", "/meow", "/set/key"} {
		for _, next := range spellings(path) {
			page := follow(t, handler, cookie, "/login?next="+url.QueryEscape(next))
			_, err := f.Message(t.Context(), "key")
			lists, failed := f.Snapshot(t.Context(), fleet.Depth{})
			must(t, failed)
			if !errors.Is(err, fleet.ErrNoMessage) || len(lists.Listed()) != 2 || len(lists.Servers()) != 2 || lists.Images != 1 {
				t.Fatalf("next=%q: got %v and then %v, %d pictures and %v, want no change", next, page, lists.Servers(), lists.Images, err)
			}
		}
	}
}
