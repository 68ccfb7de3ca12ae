package webapp

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
)

// picturesIn is a store with as many pictures as n says.
func picturesIn(n *int64) *counting {
	return &counting{get: func() fleet.Snapshot { return fleet.Snapshot{Images: *n} }}
}

// atRest waits for the first look of a viewer's own, so that the next is a look
// interval away.
func atRest(t *testing.T, v *viewer) {
	t.Helper()
	nextOf(t, v)
	synctest.Wait()
	if len(v.messages) != 0 {
		t.Fatalf("before anything changes: got %s, want nothing", <-v.messages)
	}
}

func TestLive_LooksFourTimesASecondForAllViewersAndNotAtAllWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{}
		l := liveOver(store)
		var all []*viewer
		for range 20 {
			all = append(all, watch(t, l))
		}
		store.looks.Store(0)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := store.looks.Load(); got < 35 || got > 41 {
			t.Errorf("20 viewers for 10 s: got %d looks, want 4 a second", got)
		}
		for _, v := range all {
			l.leave(v)
		}
		time.Sleep(time.Second)
		time.Sleep(drainPatience)
		store.looks.Store(0)
		store.waits.Store(0)
		time.Sleep(time.Minute)
		if looks, waits := store.looks.Load(), store.waits.Load(); looks+waits != 0 {
			t.Errorf("nobody for a minute: got %d looks and %d waits for a drain, want none", looks, waits)
		}
	})
}

func TestLive_TellsWhatOnlyAPageOrAnotherViewerSaw(t *testing.T) {
	looks := map[string]func(*testing.T, *live){
		"a page": func(t *testing.T, l *live) {
			if page, err := l.now(t.Context()); err != nil || !(update{Put: page.fragments}).has("pictures", "3 pictures") {
				t.Errorf("the page: got %v, want what is now", err)
			}
		},
		"another viewer": func(t *testing.T, l *live) {
			other := watch(t, l)
			if first := nextOf(t, other); !first.IsAll || !first.has("pictures", "3 pictures") {
				t.Errorf("the other viewer: got %+v, want all there is", first)
			}
			l.leave(other)
		},
	}
	for who, look := range looks {
		synctest.Test(t, func(t *testing.T) {
			pictures := int64(0)
			l := liveOver(picturesIn(&pictures))
			v := watch(t, l)
			defer end(l, v)
			atRest(t, v)
			pictures = 3
			look(t, l)
			if change := nextOf(t, v); len(change.Put) != 1 || !change.has("pictures", "3 pictures") {
				t.Errorf("after %s: got %+v, want the pictures alone", who, change)
			}
			time.Sleep(4 * lookInterval)
			if len(v.messages) != 0 {
				t.Errorf("after %s, a second later: got %s, want it told once", who, <-v.messages)
			}
		})
	}
}

func TestLive_ShowsWhatItSawLastWhileRedisIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{get: func() fleet.Snapshot { return fleet.Snapshot{Images: 2} }}
		l := liveOver(store)
		v := watch(t, l)
		defer end(l, v)
		nextOf(t, v)
		store.away.Store(true)
		if change := nextOf(t, v); len(change.Put) != 1 || !change.has("verdict", "Redis does not answer") || !change.has("verdict", "data-stale") {
			t.Errorf("away: got %+v, want the sentence alone", change)
		}
		if page, err := l.now(t.Context()); err == nil || !(update{Put: page.fragments}).has("pictures", "2 pictures") {
			t.Errorf("a page meanwhile: got %v, want what was seen last, and the error", err)
		}
		store.away.Store(false)
		if change := nextOf(t, v); !change.has("verdict", "infrastructure") {
			t.Errorf("back: got %+v, want the sentence of before", change)
		}
	})
}

func TestLive_IsNotStaleBecauseAVisitorGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pictures := int64(2)
		store := picturesIn(&pictures)
		l := liveOver(store)
		v := watch(t, l)
		defer time.Sleep(storeTimeout) // until the last look has ended
		defer end(l, v)
		atRest(t, v)
		gone, leave := context.WithCancel(t.Context())
		leave()
		late, cancel := context.WithTimeout(t.Context(), lookInterval/5)
		defer cancel()
		store.hangs.Store(true)
		for _, ctx := range []context.Context{gone, late} {
			page, err := l.now(ctx)
			if shown := (update{Put: page.fragments}); err == nil || !shown.has("verdict", "data-stale") || !shown.has("pictures", "2 pictures") {
				t.Errorf("its own page: got %v, want the error and what was seen last, as stale", err)
			}
		}
		store.hangs.Store(false)
		time.Sleep(4 * lookInterval)
		if len(v.messages) != 0 {
			t.Errorf("the others: got %s, want nothing", <-v.messages)
		}
		store.hangs.Store(true)
		if change := nextOf(t, v); !change.has("verdict", "data-stale") {
			t.Errorf("when Redis hangs: got %+v, want what was seen last, as stale", change)
		}
	})
}

func TestLive_IsStaleToTheFirstViewerWhileRedisHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(counting)
		l := liveOver(store)
		_, err := l.now(t.Context())
		must(t, err)
		store.hangs.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), storeTimeout)
		defer cancel()
		v, err := l.watch(ctx)
		must(t, err)
		defer time.Sleep(storeTimeout)
		defer end(l, v)
		if first := nextOf(t, v); !first.has("verdict", "data-stale") {
			t.Errorf("got %+v, want what was seen last, as stale", first)
		}
	})
}

func TestLive_KeepsNobodyLongWhileRedisHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(counting)
		store.hangs.Store(true)
		app, err := New(testConfig, store, slog.New(slog.DiscardHandler))
		must(t, err)
		handler := app.routes()
		start, answers := time.Now(), make(chan answer)
		for range 20 { // all at once
			go func() { answers <- ask(t, handler, "HEAD", "/", asHTML) }()
			go func() { answers <- ask(t, handler, "GET", "/events", asHTML) }()
		}
		time.Sleep(time.Second)
		stopping := time.Now()
		app.live.close()
		if took := time.Since(stopping); took > 0 {
			t.Errorf("close: took %v, want no wait", took)
		}
		for range 40 {
			if got := <-answers; got.status != 503 {
				t.Errorf("got %v, want 503", got)
			}
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("all were answered after %v, want that within 4s", took)
		}
	})
}
