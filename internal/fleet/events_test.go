package fleet_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"deux/internal/fleet"
)

// events returns the newest n of the journal.
func (l lists) events(n int) ([]fleet.Event, error) {
	snapshot, err := l.Snapshot(l.t.Context(), fleet.Depth{Events: n})
	return snapshot.Events, err
}

// happened returns the journal, oldest first, as PROGRAM WHAT POOL SERVER.
func (l lists) happened() []string {
	l.t.Helper()
	events, err := l.events(500)
	if err != nil {
		l.t.Fatalf("reading the events: %v", err)
	}
	var all []string
	for _, event := range slices.Backward(events) {
		all = append(all, fmt.Sprintf("%s %s %s %s", event.By, event.What, event.Pool, event.Server))
	}
	return all
}

func TestEvents_AreTheArrowsThatAServerTook(t *testing.T) {
	l := open(t)
	l.As("a")
	ctx, server := t.Context(), site.Server(3001)
	rotation, _ := l.Rotation("proxy")
	l.Put("servers", url(3000))
	for _, arrow := range []func() error{
		func() error { _, err := l.RequestSpawn(ctx, 20); return err },
		func() error { _, err := l.ClaimSpawn(ctx, time.Second); return err },
		func() error { return l.StartSpawn(ctx, server) },
		func() error { return l.Join(ctx, server, 1200*time.Millisecond) },
		func() error { _, err := l.Renew(ctx, server); return err },
		func() error { return rotation.Drained(ctx, server) },
		func() error { return l.Join(ctx, server, 0) },
		func() error { _, err := l.Respawn(ctx, server, errors.New("no answer")); return err },
		func() error { return l.Join(ctx, server, 0) },
		func() error { _, err := l.StepAside(ctx, site.Server(3000)); return err },
		func() error { _, err := l.RequestDestroy(ctx); return err },
		func() error { _, err := l.ClaimDestroy(ctx, time.Second); return err },
		func() error { return l.BeginDrain(ctx, server) },
		func() error { return rotation.Drained(ctx, server) },
		func() error { return l.Forget(ctx, server, time.Second) },
	} {
		if err := arrow(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"wanted", "starting", "serving", "renewing", "drained", "serving", "lost", "serving",
		"stepped aside", "unwanted", "draining", "drained", "gone"}
	for i, what := range want {
		port := 3001
		if what == "stepped aside" {
			port = 3000
		}
		want[i] = "a " + what + " web " + url(port)
	}
	if got := l.happened(); !slices.Equal(got, want) {
		t.Errorf("events: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// After a lost answer a change is made again: what moved nothing is no event.
func TestEvents_AreNotInventedByAChangeThatMovesNothing(t *testing.T) {
	l := open(t)
	ctx, server := t.Context(), site.Server(3001)
	rotation, _ := l.Rotation("proxy")
	for name, change := range map[string]func() error{
		"Join":        func() error { return l.Join(ctx, server, 0) },
		"Fail":        func() error { return l.Fail(ctx, server, nil) },
		"Forget":      func() error { return l.Forget(ctx, server, 0) },
		"Leave":       func() error { return l.Leave(ctx, server, nil) },
		"BeginDrain":  func() error { return l.BeginDrain(ctx, server) },
		"Drained":     func() error { return rotation.Drained(ctx, server) },
		"DropWishes":  func() error { return l.DropWishes(ctx, server) },
		"Respawn":     func() error { _, err := l.Respawn(ctx, server, nil); return err },
		"Renew":       func() error { _, err := l.Renew(ctx, server); return err },
		"StepAside":   func() error { _, err := l.StepAside(ctx, server); return err },
		"Adopt":       func() error { _, err := l.Adopt(ctx, server); return err },
		"blue Switch": func() error { blue, _ := l.Rotation("blue"); return blue.Switch(ctx, server) },
	} {
		if err := change(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before := l.happened()
		if err := change(); err != nil {
			t.Fatalf("%s again: %v", name, err)
		}
		if after := l.happened(); len(after) != len(before) {
			t.Errorf("%s, which moves nothing the second time: got the event %q, want none", name, after[len(after)-1])
		}
		l.Client.FlushAll(ctx)
	}
}

func TestEvents_ReadWellByEye(t *testing.T) {
	l := open(t)
	l.As("infrastructure")
	ctx := t.Context()
	l.Put("spawningServers", url(3001))
	if err := l.Fail(ctx, site.Server(3001), errors.New(`build failed: <no> "base" image`)); err != nil {
		t.Fatal(err)
	}
	got := l.Client.LIndex(ctx, "events", 0).Val()
	at, rest, _ := strings.Cut(got, `,`)
	want := `"what":"given up","pool":"web","server":"` + url(3001) + `","by":"infrastructure","why":"build failed: <no> \"base\" image"}`
	if rest != want {
		t.Errorf("element: got %s, want %s after the time", got, want)
	}
	if _, err := time.Parse(`{"at":"2006-01-02T15:04:05.999Z"`, at); err != nil {
		t.Errorf("element: got %s, want a time in UTC in front: %v", got, err)
	}
}

func TestEvents_HoldElementsThatAreNoServers(t *testing.T) {
	l := open(t)
	garbage := "no \"server\\ \x01 100% ünïcödé/http://"
	l.Put("servers", garbage)
	snapshot, _ := l.Lists(t.Context())
	for _, bad := range snapshot.Invalid() {
		if err := l.SetAside(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
	}
	events, err := l.events(10)
	if err != nil || len(events) != 1 || events[0].Server != garbage || !strings.HasSuffix(events[0].Why, ", in servers") {
		t.Errorf("got %+v, %v, want one about %q, found in servers", events, err, garbage)
	}
}

func TestEvents_AreBounded(t *testing.T) {
	l := open(t)
	ctx, server := t.Context(), site.Server(3001)
	for range 510 {
		if err := l.StartSpawn(ctx, server); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Client.LLen(ctx, "events").Val(); got != 500 {
		t.Errorf("after 510 events: got %d, want 500", got)
	}
	long := errors.New(strings.Repeat("ü", 400))
	if err := l.Fail(ctx, server, long); err != nil {
		t.Fatal(err)
	}
	events, err := l.events(1)
	if err != nil || len(events) != 1 || len(events[0].Why) > 500 || len(events[0].Why) < 490 || !utf8.ValidString(events[0].Why) {
		t.Errorf("a reason of 800 bytes: got %v, %v, want 500 at most", events, err)
	}
}

func TestEvents_OfAColourNameItsPool(t *testing.T) {
	l := open(t)
	l.As("deploy")
	ctx := t.Context()
	blue, err := l.Rotation("blue")
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{3001, 3002} {
		if err := blue.Switch(ctx, site.Server(port)); err != nil {
			t.Fatal(err)
		}
	}
	if err := blue.Forget(ctx, site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	want := []string{"deploy switched blue " + url(3001), "deploy switched blue " + url(3002), "deploy gone blue " + url(3001)}
	if got := l.happened(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEvents_PassOverWhatIsNone(t *testing.T) {
	l := open(t)
	l.Put("events", "hello", `{"what":"wanted","server":"x"}`, `{}`, `[1]`)
	events, err := l.events(10)
	if want := (fleet.Event{What: fleet.Wanted, Server: "x"}); err != nil || len(events) != 1 || events[0] != want {
		t.Errorf("got %+v, %v, want %+v", events, err, want)
	}
}
