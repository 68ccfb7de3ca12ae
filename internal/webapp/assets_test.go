package webapp

import (
	"log/slog"
	"testing"
)

func TestWorker_IsGivenToAPageOfItsOwnVersionAlone(t *testing.T) {
	app := newApp(t, open(t), slog.New(slog.DiscardHandler))
	handler := app.routes()
	own := between(ask(t, handler, "GET", "/", asHTML).body, `id="live" data-version="`, `"`)
	for query, want := range map[string]int{"?" + own: 200, "?older": 404, "": 404} {
		if got := ask(t, handler, "GET", "/live.js"+query, "*/*"); got.status != want || (want == 200) != (got.body == worker) {
			t.Errorf("/live.js%s: got %v, want %d", query, got, want)
		}
	}
	v := watch(t, app.live)
	defer app.live.leave(v)
	if first := nextOf(t, v); first.Version != own {
		t.Errorf("the stream is of version %q, want the page's %q", first.Version, own)
	}
}
