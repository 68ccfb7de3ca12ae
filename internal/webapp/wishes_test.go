package webapp

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
)

const third = "http://172.17.0.1:3002"

// post returns a request with a form that names a server.
func post(target, server string, fields ...string) *http.Request {
	request := httptest.NewRequest("POST", target, strings.NewReader(url.Values{"server": {server}}.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	return request
}

// expect sends a request and compares the answer.
func expect(t *testing.T, handler http.Handler, request *http.Request, status int, text string) {
	t.Helper()
	if got := send(t, handler, request); got.status != status || !strings.Contains(got.body, text) {
		t.Errorf("%s %s: got %v, want %d with %q", request.Method, request.URL, got, status, text)
	}
}

// fail has a server given up.
func fail(t *testing.T, f *fleet.Fleet, port int) {
	t.Helper()
	must(t, f.Fail(t.Context(), f.Server(port), errors.New("no image")))
}

func TestDestroy_OfANamedServerDestroysThatOne(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001, 3002)
	handler := pages(t, f)
	expect(t, handler, post("/destroy", third, "Accept", asJSON), 202, `{"url":"`+third+`","port":3002,"state":"deleting"}`)
	expect(t, handler, post("/destroy", third, "Accept", asJSON), 409, "already on its way out")
	expect(t, handler, post("/destroy", "http://172.17.0.1:3000", "Accept", asHTML), 409, "The first server stays")
	expect(t, handler, post("/destroy", "http://172.17.0.1:3003"), 409, "not in rotation")
	if element, err := f.ClaimDestroy(t.Context(), time.Second); element != third || err != nil {
		t.Errorf("wish: got %q, %v, want %s", element, err, third)
	}
	lists, err := f.Lists(t.Context())
	must(t, err)
	if state := lists.Servers()[2].State; state != fleet.Destroying {
		t.Errorf("after the only wish was taken: got %s, want no second one", state)
	}
}

func TestDestroy_OfSomethingElseThanAServerDestroysNothing(t *testing.T) {
	handler := pages(t, &blindStore{store: failing{}}) // which panics when it is touched
	for _, element := range []string{"", "3001", "http://evil.example:3001", third + "/", "http://172.17.0.1:80"} {
		expect(t, handler, post("/destroy", element, "Accept", asJSON), 400, "Send the form field server=http://172.17.0.1:3001")
	}
	twice := post("/destroy?server="+third, third, "Accept", asJSON)
	expect(t, handler, twice, 400, "Send the form field")
	body := as("POST", "/destroy", "Content-Type", asJSON)
	body.Body, body.ContentLength = http.NoBody, 20
	expect(t, handler, body, 400, "not a form")
	long := post("/destroy", strings.Repeat("x", maxFields), "Accept", asJSON)
	expect(t, handler, long, 400, "not a form")
}

func TestDestroy_TakesTheFieldOfEitherFormAndNoneOfAGET(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3002)
	handler := pages(t, f)
	expectJSON(t, handler, "GET", "/destroy?server=garbage", 202, `{"url":"`+third+`","port":3002,"state":"deleting"}`)
	request := httptest.NewRequest("POST", "/destroy", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"server\"\r\n\r\n"+third+"\r\n--b--\r\n"))
	request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	expect(t, handler, request, 409, "already on its way out")
}

func TestRetry_SpawnsAFailedServerOnceMore(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	fail(t, f, 3002)
	handler := pages(t, f)
	expect(t, handler, post("/retry", third, "Accept", asJSON), 202, `{"url":"`+third+`","port":3002,"state":"queued"}`)
	expect(t, handler, post("/retry", third, "Accept", asJSON), 409, "no longer among the failed")
	expect(t, handler, post("/retry", "garbage", "Accept", asJSON), 400, "not the URL of a server")
	expect(t, handler, as("POST", "/retry", "Accept", asJSON), 400, "no field server")
	if element, err := f.ClaimSpawn(t.Context(), time.Second); element != third || err != nil {
		t.Errorf("wish: got %q, %v, want %s", element, err, third)
	}
}

func TestRetry_IsRefusedByAFullSystem(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001, 3003)
	fail(t, f, 3002)
	expect(t, pages(t, f), post("/retry", third, "Accept", asHTML), 429, "<h1>The system is full</h1>")
}

func TestForget_TakesAnythingOffTheFailed(t *testing.T) {
	f := open(t)
	fail(t, f, 3002)
	handler := pages(t, f)
	expect(t, handler, post("/forget", third, "Accept", asJSON), 200, `{"message":"Forgotten."}`)
	expect(t, handler, post("/forget", "<garbage>", "Accept", asHTML), 409, "<h1>Not failed</h1>")
	fail(t, f, 3002)
	expect(t, handler, post("/forget", third), 200, "<h1>Forgotten.</h1>")
	if lists, err := f.Lists(t.Context()); err != nil || len(lists.Servers()) > 0 {
		t.Errorf("servers: got %v, %v, want none", lists.Servers(), err)
	}
}

func TestButton_LeadsABrowserBackToTheFirstPage(t *testing.T) {
	for path, prepare := range map[string]func(*fleet.Fleet){
		"/spawn": nil, "/destroy": func(f *fleet.Fleet) { list(t, f, 3002) },
		"/retry": func(f *fleet.Fleet) { fail(t, f, 3002) }, "/forget": func(f *fleet.Fleet) { fail(t, f, 3002) },
	} {
		form := post
		if path == "/spawn" {
			form = func(target, _ string, fields ...string) *http.Request { return as("POST", target, fields...) }
		}
		for _, client := range []struct {
			fields []string
			back   bool
		}{
			{[]string{"User-Agent", browser, "Accept", asHTML, "Sec-Fetch-Site", "same-origin"}, true},
			{[]string{"User-Agent", browser, "Accept", asJSON, "Sec-Fetch-Site", "same-origin"}, false},
			{[]string{"User-Agent", "curl/8", "Accept", "*/*"}, false},
		} {
			f := open(t)
			if prepare != nil {
				prepare(f)
			}
			got := send(t, pages(t, f), form(path, third, client.fields...))
			if back := got.status == 303 && got.header.Get("Location") == "/"; back != client.back || got.status/100 > 3 {
				t.Errorf("POST %s by %q: got %v to %q, want back=%v", path, client.fields, got, got.header.Get("Location"), client.back)
			}
		}
	}
}

func TestButton_ShowsWhyNothingWasDone(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	handler := pages(t, f)
	expect(t, handler, inBrowser("POST", "/destroy"), 200, "Nothing to destroy.")
	expect(t, handler, inBrowser("GET", "/spawn"), 202, "is allotted")
	body, contentType := form(t, "image", png)
	for _, want := range []int{303, 303, 507} {
		request := httptest.NewRequest("POST", "/upload", strings.NewReader(body))
		request.Header = inBrowser("POST", "/upload", "Content-Type", contentType).Header
		expect(t, handler, request, want, "")
	}
}

func TestLogin_AfterAFormThatNamedAServerGoesHome(t *testing.T) {
	handler := locked(t, failing{}, nil)
	request := post("/destroy", third)
	request.Header = inBrowser("POST", "/destroy", "Content-Type", request.Header.Get("Content-Type")).Header
	expect(t, handler, request, 401, `name="next" value="/"`)
}
