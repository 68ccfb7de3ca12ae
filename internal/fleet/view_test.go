package fleet_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func look(t *testing.T, view *fleet.View) fleet.Lists {
	t.Helper()
	seen, err := view.Lists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestView_ReadsTheListsOnceWhileNothingChanges(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	view := l.View()
	look(t, view)
	heard := redistest.Listen(t, l.Address, "", func() {
		for range 3 {
			if seen := look(t, view); !seen.Knows(site.Server(3000)) {
				t.Error("3000 is not in the view")
			}
		}
	})
	if want := map[string]int{"info": 3}; !maps.Equal(redistest.Commands(heard), want) {
		t.Errorf("for three looks Redis heard %q, want INFO three times", heard)
	}
}

func TestView_ShowsEveryChangeAtTheNextLook(t *testing.T) {
	l := open(t)
	view := l.View()
	ctx := context.Background()
	l.Client.ConfigSet(ctx, "save", "3600 1") // as in the system: then FLUSHALL writes a snapshot
	for _, change := range []struct {
		what string
		do   func()
		want []int
	}{
		{"nothing", func() {}, nil},
		{"two servers", func() { l.Put("servers", url(3000), url(3001)) }, []int{3000, 3001}},
		{"a rotation", func() { l.Client.LMove(ctx, "servers", "servers", "RIGHT", "LEFT") }, []int{3001, 3000}},
		{"a script", func() { _ = l.Join(ctx, site.Server(3002), 0) }, []int{3001, 3000, 3002}},
		{"one less", func() { l.Client.LRem(ctx, "servers", 0, url(3000)) }, []int{3001, 3002}},
		{"a snapshot", func() { l.Client.Save(ctx) }, []int{3001, 3002}},
		{"a change after the snapshot", func() { l.Client.RPush(ctx, "servers", url(3003)) }, []int{3001, 3002, 3003}},
		{"a transaction", func() { _ = l.Leave(ctx, site.Server(3003), nil) }, []int{3001, 3002}},
		{"a renamed list", func() { l.Client.Rename(ctx, "servers", "aside") }, nil},
		{"and back", func() { l.Client.Rename(ctx, "aside", "servers") }, []int{3001, 3002}},
		{"a flush in the second of a snapshot", func() { l.Client.Save(ctx); look(t, view); l.Client.FlushAll(ctx) }, nil},
		{"servers as before the flush", func() { l.Put("servers", url(3001), url(3002)) }, []int{3001, 3002}},
		{"a flush", func() { l.Client.FlushAll(ctx) }, nil},
		{"the same as before the flush", func() { l.Put("servers", url(3001), url(3002)) }, []int{3001, 3002}},
	} {
		change.do()
		var got []int
		for _, server := range look(t, view).Listed() {
			got = append(got, server.Port)
		}
		if !slices.Equal(got, change.want) {
			t.Errorf("after %s: got %v, want %v", change.what, got, change.want)
		}
	}
}

func TestView_WithoutRedisSaysSoAndReadsAgainAfterwards(t *testing.T) {
	l := open(t)
	view := l.View()
	look(t, view)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := view.Lists(ctx); err == nil {
		t.Error("with an ended context: got nil, want an error")
	}
	l.Put("servers", url(3000))
	if seen := look(t, view); !seen.Knows(site.Server(3000)) {
		t.Error("3000 is not in the view")
	}
}

func TestView_IsNotReadAgainForThisProgramsOwnVitals(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	view := l.View()
	record := func() {
		t.Helper()
		if err := l.RecordVitals(t.Context(), fleet.Vitals{At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	record() // the first makes the list, which is one more key
	look(t, view)
	heard := redistest.Commands(redistest.Listen(t, l.Address, "", func() {
		for range 70 { // beyond what is kept
			record()
			look(t, view)
		}
	}))
	if heard["lrange"] > 0 || heard["info"] != 70 {
		t.Errorf("Redis heard %v, want 70 times INFO and no list read", heard)
	}
	if got := l.Client.LLen(t.Context(), "vitals").Val(); got != 60 {
		t.Errorf("vitals: got %d, want 60", got)
	}
	l.Put("servers", url(3001))
	if seen := look(t, view); !seen.Knows(site.Server(3001)) {
		t.Error("3001 is not in the view")
	}
}
