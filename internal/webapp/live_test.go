package webapp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// counting is a store that is only looked at, and counts how often.
type counting struct {
	failing
	looks    atomic.Int64
	waits    atomic.Int64
	away     atomic.Bool
	hangs    atomic.Bool // until the caller gives up
	draining atomic.Bool
	get      func() fleet.Snapshot
}

// AwaitDraining notices within a millisecond.
func (c *counting) AwaitDraining(_ context.Context, _ fleet.Server, patience time.Duration) (bool, error) {
	c.waits.Add(1)
	for waited := time.Duration(0); waited < patience; waited += time.Millisecond {
		if c.draining.Load() {
			return true, nil
		}
		time.Sleep(time.Millisecond)
	}
	return false, nil
}

func (c *counting) Snapshot(ctx context.Context, _ fleet.Depth) (fleet.Snapshot, error) {
	c.looks.Add(1)
	if c.hangs.Load() {
		<-ctx.Done()
	}
	switch {
	case ctx.Err() != nil:
		return fleet.Snapshot{}, ctx.Err()
	case c.away.Load():
		return fleet.Snapshot{}, errors.New("connection refused")
	}
	if c.get == nil {
		return fleet.Snapshot{}, nil
	}
	return c.get(), nil
}

func liveOver(store store) *live {
	log := slog.New(slog.DiscardHandler)
	return newLive(testConfig, store, program.NewOutage(log, "Redis"), log)
}

func watch(t *testing.T, l *live) *viewer {
	t.Helper()
	v, err := l.watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// end leaves, and waits until nobody looks any more.
func end(l *live, v *viewer) {
	l.leave(v)
	time.Sleep(2 * drainPatience)
}

// ends reports whether a viewer's stream ends in time.
func ends(v *viewer, within time.Duration) bool {
	late := time.After(within)
	for {
		select {
		case _, open := <-v.messages:
			if !open {
				return true
			}
		case <-late:
			return false
		}
	}
}

// nextOf returns a viewer's next message.
func nextOf(t *testing.T, v *viewer) (u update) {
	t.Helper()
	select {
	case text, open := <-v.messages:
		if !open {
			t.Fatal("the stream has ended")
		}
		must(t, json.Unmarshal(text, &u))
	case <-time.After(time.Minute):
		t.Fatal("got nothing for a minute, want a message")
	}
	return u
}

// has reports whether an update brings a fragment with that text in it.
func (u update) has(id, text string) bool {
	for _, one := range u.Put {
		if one.ID == id && strings.Contains(string(one.HTML), text) {
			return true
		}
	}
	return false
}

func TestLive_TellsEverythingFirstAndThenWhatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pictures := int64(0)
		l := liveOver(&counting{get: func() fleet.Snapshot { return fleet.Snapshot{Images: pictures} }})
		v := watch(t, l)
		defer end(l, v)
		if first := nextOf(t, v); !first.IsAll || !first.has("pictures", "No pictures") || !first.has("verdict", "infrastructure") {
			t.Errorf("first: got %+v, want all there is", first)
		}
		synctest.Wait()
		l.mu.Lock()
		pictures = 3
		l.mu.Unlock()
		if change := nextOf(t, v); change.IsAll || len(change.Put) != 1 || !change.has("pictures", "3 pictures") {
			t.Errorf("change: got %+v, want the pictures alone", change)
		}
	})
}

func TestLive_DropsAViewerThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pictures := int64(0)
		l := liveOver(&counting{get: func() fleet.Snapshot { pictures++; return fleet.Snapshot{Images: pictures} }})
		slow, quick := watch(t, l), watch(t, l)
		taken := make(chan int)
		go func() {
			n := 0
			for range quick.messages {
				n++
			}
			taken <- n
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		n := 0
		for range slow.messages { // ends, or the test hangs
			n++
		}
		end(l, quick)
		if got := <-taken; n > backlog || got < 200 {
			t.Errorf("in a minute: got %d messages for the slow one and %d for the quick one, want at most %d and some 240", n, got, backlog)
		}
	})
}

func TestLive_EndsItsStreamsAsSoonAsItsServerDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{}
		l := liveOver(store)
		v := watch(t, l)
		defer end(l, v)
		time.Sleep(lookInterval + lookInterval/5)
		store.draining.Store(true)
		if !ends(v, 10*time.Millisecond) {
			t.Error("the stream goes on, want its end at once and not at the next look")
		}
	})
}

func TestLive_EndsTheStreamOfAViewerWhoCameAsTheLastOneLeft(t *testing.T) {
	for stay := time.Duration(0); stay < 2*drainPatience; stay += 20 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			store := &counting{}
			l := liveOver(store)
			last := watch(t, l)
			time.Sleep(stay)
			l.leave(last)
			time.Sleep(lookInterval / 2)
			v := watch(t, l)
			defer end(l, v)
			time.Sleep(2 * drainPatience)
			store.draining.Store(true)
			if !ends(v, time.Second) {
				t.Errorf("a viewer who came when the last had stayed %v: the stream goes on, want its end", stay)
			}
		})
	}
}

func TestLive_EndsItsStreamsForItsOwnDrainAlone(t *testing.T) {
	f := open(t)
	list(t, f, 3000, 3001, 3002)
	l := liveOver(f)
	v := watch(t, l)
	must(t, f.BeginDrain(t.Context(), f.Server(3002)))
	for range 3 { // looks have seen it
		nextOf(t, v)
		must(t, f.AddImage(t.Context(), "aGVsbG8=", 100, 1<<20))
	}
	must(t, f.BeginDrain(t.Context(), f.Server(3001)))
	if !ends(v, 30*time.Second) {
		t.Error("its own drain: the stream goes on, want its end")
	}
}

func TestLive_TakesAsManyViewersAsItMay(t *testing.T) {
	l := liveOver(&counting{})
	for range maxViewers {
		defer l.leave(watch(t, l))
	}
	if _, err := l.watch(t.Context()); !errors.Is(err, errTooManyViewers) {
		t.Errorf("one more: got %v, want %v", err, errTooManyViewers)
	}
	l.close()
	if _, err := l.watch(t.Context()); !errors.Is(err, errNoMoreEvents) {
		t.Errorf("after the end: got %v, want %v", err, errNoMoreEvents)
	}
}
