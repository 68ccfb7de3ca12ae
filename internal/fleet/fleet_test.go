package fleet_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

// lists is a fleet on an empty Redis, and redis-cli beside it.
type lists struct {
	*fleet.Fleet
	*redistest.CLI
	t testing.TB
}

func open(t testing.TB) lists {
	t.Helper()
	cli := redistest.Open(t)
	f := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	t.Cleanup(func() { f.Close() })
	return lists{f, cli, t}
}

func url(port int) string { return site.Server(port).URL }

var garbage = []string{
	"", " ", "http://172.17.0.1:3001;rm -rf /", "http://172.17.0.1:99999", "http://172.17.0.1:2999",
	"http://172.17.0.1:03001", "http://172.17.0.1:3001/", "http://evil.example:3001", "https://172.17.0.1:3001",
	"http://172.17.0.1", "http://u@172.17.0.1:3001", "http://172.17.0.1:3001?x", "172.17.0.1:3001", "\x00\xff",
	"http://172.17.0.1:-1", "http://172.17.0.1:3e3", "http://172.17.0.1:+3001", "http://172.17.0.1:9007199254740993",
	"http://172.17.0.1:3001\n", "$(reboot)", strings.Repeat("x", 1<<16),
}

func TestParse_TakesNothingButTheURLOfAServer(t *testing.T) {
	for _, element := range garbage {
		server, err := site.Parse(element)
		if invalid := new(fleet.InvalidError); !errors.As(err, &invalid) {
			t.Errorf("Parse(%.60q): got %v, %v, want an InvalidError", element, server, err)
		}
	}
	for _, port := range []int{3000, 3001, 65535} {
		if got, err := site.Parse(url(port)); err != nil || got.Port != port {
			t.Errorf("Parse(%q): got %v, %v", url(port), got, err)
		}
	}
}

func TestServers_ShowsEachServerOnceInTheStateFurthestAlong(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001), url(3000), "rubbish")
	l.Put("deleteServers", url(3001))
	l.Put("tempServers", url(3005))
	l.Put("spawningServers", url(3004))
	l.Put("destroyingServers", url(3002))
	l.Put("drainServers", url(3002))
	l.Put("failedServers", url(3003), "rubbish")
	snapshot, err := l.Lists(t.Context())
	if err != nil {
		t.Fatalf("Lists: %v", err)
	}
	var got []string
	for _, server := range snapshot.Servers() {
		got = append(got, fmt.Sprintf("%d %s", server.Port, server.State))
	}
	want := []string{"3000 running", "3001 deleting", "3002 destroying", "3003 failed", "3004 spawning", "3005 queued"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAddVisit_KeepsTheLastFive(t *testing.T) {
	l := open(t)
	for i := range 7 {
		if err := l.AddVisit(t.Context(), fmt.Sprint("/", i)); err != nil {
			t.Fatalf("AddVisit: %v", err)
		}
	}
	got, err := l.Recent(t.Context())
	if want := []string{"/6", "/5", "/4", "/3", "/2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestImages_AreTakenNewestFirstAndRefusedWhenTooMany(t *testing.T) {
	l := open(t)
	for _, picture := range []string{"one", "two"} {
		if err := l.AddImage(t.Context(), picture, 2, 1<<20); err != nil {
			t.Fatalf("AddImage(%q): %v", picture, err)
		}
	}
	if err := l.AddImage(t.Context(), "three", 2, 1<<20); !errors.Is(err, fleet.ErrTooManyImages) {
		t.Errorf("a third of 2: got %v, want ErrTooManyImages", err)
	}
	for _, want := range []string{"two", "one"} {
		if got, err := l.TakeImage(t.Context()); err != nil || got != want {
			t.Errorf("TakeImage: got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := l.TakeImage(t.Context()); !errors.Is(err, fleet.ErrNoImages) {
		t.Errorf("TakeImage of none: got %q, %v, want ErrNoImages", got, err)
	}
}

func TestReserved_KnowsEveryListOfTheContract(t *testing.T) {
	for _, key := range []string{"servers", "tempServers", "spawningServers", "failedServers", "deleteServers",
		"destroyingServers", "drainServers", "blueServers", "greenServers", "drainBlueServers",
		"drainGreenServers", "recent", "images"} {
		if !fleet.Reserved(key) {
			t.Errorf("Reserved(%q): got false, want true", key)
		}
	}
	if fleet.Reserved("greeting") {
		t.Error(`Reserved("greeting"): got true, want false`)
	}
}
