package e2e

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// linking is another site's page with a link to spawn a server.
var linking = template.Must(template.New("linking").Parse(
	`<!doctype html><title>links</title><a id="link" href="{{.}}/spawn">A server, please</a>`))

func TestAccess_AReboundNameChangesNothing(t *testing.T) {
	t.Parallel()
	app, ctx := startTarget(t), startBrowser(t)
	before := app.contents()
	at := fmt.Sprintf("http://evil.example:%d", app.port)
	for _, path := range []string{"/", "/spawn", "/destroy", "/set/key", "/meow"} {
		var text string
		browse(t, ctx, chromedp.Navigate(at+path), chromedp.Text("main", &text))
		if !strings.Contains(text, "ALLOWED_HOSTS") {
			t.Errorf("%s: got %q, want a word on ALLOWED_HOSTS", path, text)
		}
	}
	if after := app.contents(); !maps.Equal(before, after) {
		t.Errorf("lists: got %v, want %v", after, before)
	}
}

func TestAccess_APersonIsAskedAndThenServed(t *testing.T) {
	t.Parallel()
	app, ctx := startTarget(t), startBrowser(t)
	other := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = linking.Execute(w, r.FormValue("at"))
	}))
	wishes := func() int64 { return app.redis.LLen(t.Context(), "tempServers").Val() }
	want := func(after string, want int64) {
		t.Helper()
		got := wishes()
		for end := time.Now().Add(patience); got < want && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			got = wishes()
		}
		if got != want {
			t.Fatalf("after %s: got %d wishes, want %d", after, got, want)
		}
	}
	for _, origin := range origins {
		t.Run(origin.what, func(t *testing.T) {
			at, had := fmt.Sprintf("http://%s:%d", origin.at, app.port), wishes()
			var title string
			browse(t, ctx, chromedp.Navigate(fmt.Sprintf("http://%s:%d/?at=%s", origin.from, other, at)),
				chromedp.Click("#link"), chromedp.WaitReady(".ask button"), chromedp.Text("h1", &title))
			if got := wishes(); got != had {
				t.Fatalf("after the link: got %q and %d wishes, want a question and %d", title, got, had)
			}
			// A person sees the button after a moment, an animation that a browser
			// without a screen may never draw.
			browse(t, ctx, chromedp.Evaluate(`document.querySelector(".ask button").click()`, nil), chromedp.WaitReady(".state.queued"))
			want("yes", had+1)
			browse(t, ctx, chromedp.Navigate(at+"/"), chromedp.Evaluate(`document.querySelector('form[action="/spawn"] button').click()`, nil))
			want("the button of the page itself", had+2)
		})
	}
	had := wishes()
	browse(t, ctx, chromedp.Navigate(fmt.Sprintf("http://localhost:%d/spawn", app.port)), chromedp.WaitReady(".state.queued"))
	want("the address bar", had+1)
}
