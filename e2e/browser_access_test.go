package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"deux/internal/fleet"
	"deux/internal/redistest"
	"deux/internal/settings"
	"deux/internal/webapp"
)

// attackPage tries every way in which a page can make a browser ask another
// origin for something, and then is called "done".
//
//go:embed testdata/attack.html
var attackPage string

var attack = template.Must(template.New("attack").Parse(attackPage))

// bridge is where the machine is no origin that a browser trusts: to there it
// sends no Fetch Metadata.
const bridge = "172.17.0.1"

// startTarget serves the web app on all addresses, with two servers listed and
// a picture stored. Settings are written NAME=VALUE.
func startTarget(t *testing.T, set ...string) *target {
	t.Helper()
	lists := redistest.Open(t)
	return startTargetOver(t, lists, append(set, "REDIS_ADDR="+lists.Address)...)
}

// startTargetOver is startTarget with a Redis that the test gives, and of which
// the settings have the address.
func startTargetOver(t *testing.T, lists *redistest.CLI, set ...string) *target {
	t.Helper()
	inner := listen(t, "127.0.0.1:0")
	serveWebapp(t, inner, set...)
	s := &target{t: t, redis: lists, seen: make(map[string]int), open: make(map[string]int)}
	lists.Put("servers", "http://172.17.0.1:3001")
	lists.Put("images", "R0lGODlhAQABAAAAACw=")
	s.port = serve(t, s.record(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: inner.Addr().String()})
		r.Out.Host = r.In.Host
	}, ErrorLog: log.New(io.Discard, "", 0)})) // it would tell of each stream that its browser has closed
	return s
}

// serveWebapp serves the web app with these settings until the test ends.
func serveWebapp(t *testing.T, listener net.Listener, set ...string) {
	t.Helper()
	config, err := webapp.ReadConfig(settings.From(settingsOf(set)))
	if err != nil {
		t.Fatal(err)
	}
	lists := fleet.Open(config.Redis, config.Site)
	app, err := webapp.New(config, lists, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- app.Serve(ctx, listener) }()
	t.Cleanup(func() { stop(); <-ended; lists.Close() })
}

// settingsOf looks settings up that are written NAME=VALUE.
func settingsOf(set []string) func(name string) string {
	return func(name string) string {
		for _, one := range set {
			if value, is := strings.CutPrefix(one, name+"="); is {
				return value
			}
		}
		return ""
	}
}

// serve serves on all addresses and returns the port.
func serve(t *testing.T, handler http.Handler) int {
	t.Helper()
	listener := listen(t, ":0")
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

// serveAttack serves pages of another site: /attack?policy=…&at=ORIGIN, and
// /refresh, which leads on by itself.
func serveAttack(t *testing.T) int {
	t.Helper()
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data := map[string]any{"At": r.FormValue("at"), "Policy": r.FormValue("policy"),
			"Refresh": fmt.Sprintf("0; url=%s", r.FormValue("refresh")), "IsRefresh": r.URL.Path == "/refresh"}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = attack.Execute(w, data)
	}))
}

// startBrowser returns a context in which chromedp has a Chromium, for which
// evil.example is this machine.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("REQUIRE_TOOLS") != "" {
			t.Fatal("needs chromium in PATH: apt-get install chromium")
		}
		t.Skip("needs chromium in PATH: apt-get install chromium")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-popup-blocking", true),
		chromedp.Flag("host-resolver-rules", "MAP evil.example 127.0.0.1"), chromedp.WSURLReadTimeout(patience))
	// It outlives the test's own context, for a picture of what has failed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	return startTab(t, ctx)
}

// startTab returns a context in which chromedp has a tab. It is started without a
// bound of its own, because it ends with the context that it was started in.
func startTab(t *testing.T, ctx context.Context, options ...chromedp.ContextOption) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx, options...)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return ctx
}

// browse runs the actions, which must succeed within pagePatience.
func browse(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatalf("in the browser: %v", err)
	}
}

// origins are where the other site's page is, and where it finds the web app.
var origins = []struct{ what, from, at string }{
	{"another site", "127.0.0.1", "localhost"},
	{"another port of this machine", "localhost", "localhost"},
	{"another port, where the browser says nothing", bridge, bridge},
	{"another site, where the browser says nothing", "evil.example", bridge},
}

func TestAccess_APageOfAnotherOriginChangesNothing(t *testing.T) {
	t.Parallel()
	app, evil, ctx := startTarget(t), serveAttack(t), startBrowser(t)
	before := app.contents()
	for _, origin := range origins {
		for _, policy := range []string{"unsafe-url", "no-referrer"} {
			t.Run(origin.what+" "+policy, func(t *testing.T) {
				at := fmt.Sprintf("http://%s:%d", origin.at, app.port)
				page := fmt.Sprintf("http://%s:%d/", origin.from, evil)
				query := "?policy=" + policy + "&at=" + url.QueryEscape(at)
				sent := app.requests("GET /spawn") + app.requests("POST /spawn")
				browse(t, ctx, chromedp.Navigate(page+"attack"+query), chromedp.WaitReady("#done"))
				if sent = app.requests("GET /spawn") + app.requests("POST /spawn") - sent; sent < 10 {
					t.Errorf("the browser sent %d requests to /spawn, want 10 at least: the attack has failed by itself", sent)
				}
				for _, path := range []string{"/spawn", "/destroy", "/set/key", "/meow"} {
					arrived := app.requests("GET " + path)
					browse(t, ctx, chromedp.Navigate(page+"refresh"+query+"&refresh="+url.QueryEscape(at+path)), chromedp.WaitReady("header .brand"))
					if app.requests("GET "+path) == arrived {
						t.Errorf("the page did not lead on to %s", path)
					}
				}
				if after := app.contents(); !maps.Equal(before, after) {
					t.Errorf("lists: got %v, want %v", after, before)
				}
			})
		}
	}
	t.Logf("the browser sent %v", app.seen)
}
