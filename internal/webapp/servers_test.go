package webapp

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
)

func TestSpawn_AllotsTheNextPortAndSaysWhich(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	handler := pages(t, f)

	expectJSON(t, handler, "POST", "/spawn", 202, `{"url":"http://172.17.0.1:3001","port":3001,"state":"queued"}`)
	expectHTML(t, handler, "GET", "/spawn", 202, `<p class="lead">http://172.17.0.1:3002 is being built`)
	element, err := f.ClaimSpawn(t.Context(), time.Second)
	if element != "http://172.17.0.1:3001" || err != nil {
		t.Errorf("first wish: got %q, %v, want http://172.17.0.1:3001", element, err)
	}
}

func TestSpawn_IsRefusedAtTheLimitThatItNames(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001, 3002)
	handler := pages(t, f)

	const sentence = "The limit of 3 servers is reached. Destroy one first."
	expectJSON(t, handler, "POST", "/spawn", 429, `{"error":"`+sentence+`"}`)
	expectHTML(t, handler, "POST", "/spawn", 429, sentence)
	if got := ask(t, handler, "GET", "/spawn", asJSON).header.Get("Retry-After"); got != "30" {
		t.Errorf("Retry-After: got %q, want 30", got)
	}
}

func TestSpawn_IsRefusedWhenThePortsHaveRunOut(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 65535)
	expectJSON(t, pages(t, f), "POST", "/spawn", 503,
		`{"error":"No port is left for another server. Destroy the one with the highest port first."}`)
}

func TestDestroy_ChoosesAnotherThanTheFirstServerAndSaysWhich(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001)
	handler := pages(t, f)

	expectJSON(t, handler, "POST", "/destroy", 202, `{"url":"http://172.17.0.1:3001","port":3001,"state":"deleting"}`)
	element, err := f.ClaimDestroy(t.Context(), time.Second)
	if element != "http://172.17.0.1:3001" || err != nil {
		t.Errorf("wish: got %q, %v, want http://172.17.0.1:3001", element, err)
	}
	list(t, f, 3002)
	expectHTML(t, handler, "GET", "/destroy", 202, `<p class="lead">http://172.17.0.1:3002 is being destroyed`)
}

func TestDestroy_LeavesTheFirstServer(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	handler := pages(t, f)

	for _, method := range []string{"GET", "POST"} {
		expectJSON(t, handler, method, "/destroy", 200, `{"message":"Nothing to destroy."}`)
		expectHTML(t, handler, method, "/destroy", 200, "Nothing to destroy.")
	}
}

func TestListServers_TellsTheStateOfEach(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	expectJSON(t, handler, "GET", "/listservers", 200, `{"servers":[]}`)
	expectHTML(t, handler, "GET", "/listservers", 200, "No server is listed yet.")

	list(t, f, 3000)
	ask(t, handler, "POST", "/spawn", asJSON)
	expectJSON(t, handler, "GET", "/listservers", 200, `{"servers":[`+
		`{"url":"http://172.17.0.1:3000","port":3000,"state":"running"},`+
		`{"url":"http://172.17.0.1:3001","port":3001,"state":"queued"}]}`)
	expectHTML(t, handler, "GET", "/listservers", 200, `<a href="http://172.17.0.1:3001">http://172.17.0.1:3001</a>`)
	expectHTML(t, handler, "GET", "/listservers", 200, `<span class="state queued">queued</span>`)
}

func TestFirstPage_LeadsEverywhereAndTellsWhichServerAnswered(t *testing.T) {
	f := open(t)
	app := newApp(t, f, slog.New(slog.DiscardHandler))
	page := ask(t, app.routes(), "GET", "/", asHTML).body

	for _, want := range []string{
		`<form action="/spawn" method="post">`,
		`<form action="/destroy" method="post">`,
		`action="/upload" method="post" enctype="multipart/form-data"`,
		`<input type="file" name="image"`,
		`href="/listservers"`, `href="/recent"`, `href="/meow"`, `href="/healthz"`,
		`href="/set/hello"`, `href="/get/hello"`,
		"Answered by <code>" + app.host + ":3001</code>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("GET /: got no %q in %s", want, page)
		}
	}
}

func TestHead_IsAnsweredWhereAPageOnlyLooksAndChangesNothingElsewhere(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001)
	must(t, f.AddImage(t.Context(), encodedPNG, 9, 64<<20))
	handler := pages(t, f)

	for path, want := range map[string]int{
		"/": 200, "/listservers": 200, "/recent": 200, "/healthz": 200, "/get/none": 404,
		"/spawn": 405, "/destroy": 405, "/meow": 405, "/set/key": 405, "/upload": 405,
	} {
		if got := ask(t, handler, http.MethodHead, path, asJSON).status; got != want {
			t.Errorf("HEAD %s: got %d, want %d", path, got, want)
		}
	}
	expectJSON(t, handler, "GET", "/listservers", 200, `{"servers":[`+
		`{"url":"http://172.17.0.1:3000","port":3000,"state":"running"},`+
		`{"url":"http://172.17.0.1:3001","port":3001,"state":"running"}]}`)
	if _, err := f.TakeImage(t.Context()); err != nil {
		t.Errorf("the picture after HEAD /meow: got %v, want it to be there", err)
	}
	if _, err := f.Message(t.Context(), "key"); err != fleet.ErrNoMessage {
		t.Errorf("the message after HEAD /set/key: got %v, want %v", err, fleet.ErrNoMessage)
	}
}
