package fleet_test

import (
	"slices"
	"testing"

	"deux/internal/fleet"
)

// app reads what the lists say of blue.
func (l lists) app() (fleet.ServerState, bool) {
	l.t.Helper()
	all, err := l.Lists(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return all.App("blue")
}

func TestApp_IsWhatBlueServersNamesOnAnyPort(t *testing.T) {
	l := open(t)
	if got, found := l.app(); found {
		t.Errorf("with nothing listed: got %v, want none", got)
	}
	l.Put("blueServers", "garbage", url(80))
	if got, found := l.app(); !found || got != (fleet.ServerState{Server: site.Server(80), State: fleet.Running}) {
		t.Errorf("got %v, %v, want %s running", got, found, url(80))
	}
}

func TestMarkApp_SaysWhichReleaseFails(t *testing.T) {
	l := open(t)
	mark := func(port int, why string) {
		t.Helper()
		if err := l.MarkApp(t.Context(), "blue", site.Server(port), why); err != nil {
			t.Fatal(err)
		}
	}
	l.Put("blueServers", url(50200))
	l.Put("failedBlueServers", url(50199))
	mark(50200, "no answer")
	mark(50200, "no answer")
	l.Want("failedBlueServers", url(50200))
	if got, _ := l.app(); got.State != fleet.Failing {
		t.Errorf("state: got %q, want %q", got.State, fleet.Failing)
	}
	mark(50200, "")
	l.Want("failedBlueServers")
	mark(50201, "no answer") // it has left the rotation meanwhile
	l.Want("failedBlueServers")
	if err := l.MarkApp(t.Context(), "red", site.Server(1), "no answer"); err == nil {
		t.Error("an unknown colour: got nil, want an error")
	}
	want := []string{" failing blue " + url(50200), " recovered blue " + url(50200)}
	if got := l.happened(); !slices.Equal(got, want) {
		t.Errorf("events: got %q, want %q", got, want)
	}
}

func TestNoteRestart_IsOnlyOfAReleaseThatHasTheRequests(t *testing.T) {
	l := open(t)
	l.Put("blueServers", url(50200))
	for _, port := range []int{50200, 50201} {
		if err := l.NoteRestart(t.Context(), "blue", site.Server(port), "it ended"); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := l.happened(), []string{" restarted blue " + url(50200)}; !slices.Equal(got, want) {
		t.Errorf("events: got %q, want %q", got, want)
	}
}

func TestForget_TakesAReleaseOffTheListOfTheFailingToo(t *testing.T) {
	l, rotation := blue(t)
	l.Put("blueServers", url(50200))
	l.Put("failedBlueServers", url(50200))
	if err := rotation.Forget(t.Context(), site.Server(50200)); err != nil {
		t.Fatal(err)
	}
	l.Want("blueServers")
	l.Want("failedBlueServers")
}

func TestSwitch_LeavesNoFailingReleaseBehind(t *testing.T) {
	l, rotation := blue(t)
	l.Put("blueServers", url(50200))
	l.Put("failedBlueServers", url(50200))
	if err := rotation.Switch(t.Context(), site.Server(50201)); err != nil {
		t.Fatal(err)
	}
	l.Want("blueServers", url(50201))
	l.Want("failedBlueServers")
}
