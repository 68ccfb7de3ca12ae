package webapp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"deux/internal/fleet"
)

// page returns the first page as a browser gets it that asks for target with
// these fields.
func page(t *testing.T, f *fleet.Fleet, target string, fields ...string) string {
	t.Helper()
	config := testConfig
	config.Ports = map[string]int{"blue": 50101, "green": 50100, "reader": 8000}
	handler := newAppWith(t, config, f, slog.New(slog.DiscardHandler)).routes()
	got := send(t, handler, as("GET", target, append([]string{"Accept", asHTML}, fields...)...))
	if got.status != 200 {
		t.Fatalf("GET %s: got %v, want 200", target, got)
	}
	return got.body
}

func TestFilter_FindsEachWordInWhatAnEventSays(t *testing.T) {
	f := open(t).As("webapp")
	must(t, f.Fail(t.Context(), f.Server(3002), errors.New("No such image")))
	for filter, want := range map[string]bool{
		"": true, " ": true, "3002": true, "given": true, "given 3002": true, "3002  GIVEN": true, "image no web": true, "webapp": true, "lrem spawningservers": true,
		"3003": false, "given 3003": false, "utc": true,
		"bad": false, "span": false, "class": false, "datetime": false, "&lt;": false, // how it is painted
	} {
		html := page(t, f, "/?filter="+url.QueryEscape(filter))
		if got := strings.Contains(html, `class="event"`); got != want {
			t.Errorf("filter=%q: got an event %v, want %v", filter, got, want)
		}
	}
}

func TestFirstPage_LinksToWhereTheBrowserKnowsTheMachine(t *testing.T) {
	f := open(t)
	for host, want := range map[string]string{
		"localhost:3456": "localhost", "172.17.0.1": "172.17.0.1", "[::1]:3456": "[::1]", "[2001:db8::1]": "[2001:db8::1]",
	} {
		html := page(t, f, "http://"+host+"/")
		for _, port := range []int{50101, 50100, 8000} {
			if link := fmt.Sprintf(`<a href="http://%s:%d/">`, want, port); !strings.Contains(html, link) {
				t.Errorf("at %s: got no %s", host, link)
			}
		}
	}
}

func TestFirstPage_FramesNothingPlainBehindHTTPS(t *testing.T) {
	f := open(t)
	for proto, want := range map[string]bool{"http": true, "https": false} {
		html := page(t, f, "/", "X-Forwarded-Proto", proto)
		if got := strings.Contains(html, "<iframe"); got != want || !strings.Contains(html, ">Open it on its own page</a>") {
			t.Errorf("over %s: got a frame %v, want %v, and the link", proto, got, want)
		}
	}
}
