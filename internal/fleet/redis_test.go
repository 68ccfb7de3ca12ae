package fleet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
	"deux/internal/settings"
)

// password has everything in it that something on its way could take for more
// than a character.
const password = `ca"n'a$r{y}} #\ %s`

// locked returns the address of a Redis that asks for password.
func locked(t *testing.T) (address string) {
	t.Helper()
	cli := redistest.Open(t)
	if err := cli.ConfigSet(t.Context(), "requirepass", password).Err(); err != nil {
		t.Fatal(err)
	}
	return cli.Address
}

func TestFleet_SendsThePasswordOnEveryConnection(t *testing.T) {
	address := locked(t)
	f := fleet.Open(fleet.Redis{Address: address, Password: password}, site)
	defer f.Close()
	want, err := f.RequestSpawn(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	// A claim has a connection of its own.
	if got, err := f.ClaimSpawn(t.Context(), time.Second); got != want.URL || err != nil {
		t.Errorf("ClaimSpawn: got %q, %v, want %q", got, err, want.URL)
	}
}

func TestFleet_SaysWhatToDoAboutAWrongPasswordAndDoesNotSayIt(t *testing.T) {
	address := locked(t)
	for _, wrong := range []string{"", "canary"} {
		f := fleet.Open(fleet.Redis{Address: address, Password: settings.Secret(wrong)}, site)
		defer f.Close()
		_, listing := f.Lists(t.Context())
		_, claiming := f.ClaimSpawn(t.Context(), time.Second)
		_, spawning := f.RequestSpawn(t.Context(), 20)
		for what, err := range map[string]error{"Ping": f.Ping(t.Context()), "Lists": listing, "ClaimSpawn": claiming, "RequestSpawn": spawning} {
			if !errors.Is(err, fleet.ErrPassword) || !strings.Contains(err.Error(), "REDIS_PASSWORD") || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s with %q: got %v, want ErrPassword", what, wrong, err)
			}
		}
	}
}

func TestFleet_SaysThatRedisIsFullAndStillGivesPicturesBack(t *testing.T) {
	cli := redistest.Open(t)
	f := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	defer f.Close()
	if err := f.AddImage(t.Context(), "picture", 10, 1<<20); err != nil {
		t.Fatal(err)
	}
	cli.ConfigSet(t.Context(), "maxmemory", "1")
	_, spawning := f.RequestSpawn(t.Context(), 20)
	for what, err := range map[string]error{
		"AddImage": f.AddImage(t.Context(), "another", 10, 1<<20), "AddVisit": f.AddVisit(t.Context(), "/"), "RequestSpawn": spawning,
	} {
		if !errors.Is(err, fleet.ErrOutOfMemory) {
			t.Errorf("%s: got %v, want ErrOutOfMemory", what, err)
		}
	}
	if got, err := f.TakeImage(t.Context()); got != "picture" || err != nil {
		t.Errorf("TakeImage: got %q, %v, want the picture", got, err)
	}
}

// What a person needs to find out that Redis is full, and to make room.
func TestFleet_InAFullRedisShowsEverythingAndLetsAPersonLogIn(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	l.ConfigSet(t.Context(), "maxmemory", "1")
	for _, at := range []time.Time{time.Now().Add(-time.Minute), time.Now()} {
		if err := l.RecordVitals(t.Context(), fleet.Vitals{At: at}); err != nil {
			t.Errorf("RecordVitals: %v", err)
		}
	}
	if err := l.TakeGuess(t.Context(), "10.0.0.1", true); err != nil {
		t.Errorf("the right password: %v", err)
	}
	got, err := l.Snapshot(t.Context(), fleet.Depth{})
	if err != nil || time.Since(got.Vitals.At) > 30*time.Second || got.Memory.Most != 1 || !got.Memory.IsFull() {
		t.Errorf("Snapshot: got %v, memory %+v, %v, want that it beats and is full", got.Vitals.At, got.Memory, err)
	}
	if lists, err := l.Lists(t.Context()); err != nil || !lists.Knows(site.FirstServer()) {
		t.Errorf("Lists: got %v, %v, want the first server", lists.Servers(), err)
	}
	l.ConfigSet(t.Context(), "maxmemory", "0")
	if got, err := l.Snapshot(t.Context(), fleet.Depth{}); err != nil || got.Memory.IsFull() || got.Memory.Used == 0 {
		t.Errorf("without a limit: got %+v, %v, want that it is not full", got.Memory, err)
	}
}

func TestRedis_IsPrintedWithoutItsPassword(t *testing.T) {
	where := struct{ Redis fleet.Redis }{fleet.Redis{Address: "127.0.0.1:6379", Password: "canary"}}
	for _, verb := range []string{"%v", "%+v", "%s"} {
		if got := fmt.Sprintf(verb, where); strings.Contains(got, "canary") || !strings.Contains(got, "127.0.0.1:6379") {
			t.Errorf("%s: got %s, want the address alone", verb, got)
		}
	}
}
