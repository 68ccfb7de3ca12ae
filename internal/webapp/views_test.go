package webapp

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// painted returns the fragment with that id.
func painted(t *testing.T, o overview.Overview, isStale bool, id string) string {
	t.Helper()
	for _, one := range newPainter(testConfig, slog.New(slog.DiscardHandler)).paint(o, isStale) {
		if one.ID == id {
			return string(one.HTML)
		}
	}
	t.Fatalf("got no fragment %s", id)
	return ""
}

// blue returns an overview with an app in it.
func blue(pool overview.Pool) overview.Overview {
	pool.Name = "blue"
	return overview.Overview{At: time.Now(), Pools: []overview.Pool{{Name: "web"}, pool}}
}

func TestRelease_OffersToGoForwardAfterARollback(t *testing.T) {
	for what, want := range map[string][]string{
		"rollback": {"bin/deploy forward blue", "git push blue main", "bin/deploy rollback blue"},
		"push":     {"git push blue main", "bin/deploy rollback blue"},
		"forward":  {"git push blue main", "bin/deploy rollback blue"},
	} {
		html := painted(t, blue(overview.Pool{Release: &fleet.Release{What: what}}), false, "release-blue")
		_, html, _ = strings.Cut(html, `<p class="commands">`)
		var got []string
		for _, part := range strings.Split(html, "<code>")[1:] {
			command, _, _ := strings.Cut(part, "</code>")
			got = append(got, command)
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("after a %s: got %q, want %q", what, got, want)
		}
	}
}
