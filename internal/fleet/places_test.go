package fleet_test

import (
	"reflect"
	"testing"

	"deux/internal/fleet"
)

func elements(places []fleet.Place) (all []string) {
	for _, place := range places {
		all = append(all, place.Element)
	}
	return all
}

func TestPlaces_AreOneForEachElementByPort(t *testing.T) {
	l := open(t)
	l.fill()
	lists, err := l.Lists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	place := func(port int, state fleet.State, list string, draining bool) fleet.Place {
		return fleet.Place{Element: url(port), Port: port, State: state, List: list, Draining: draining}
	}
	for pool, want := range map[string][]fleet.Place{
		"web": {
			place(3000, fleet.Running, "servers", false),
			place(3001, fleet.Running, "servers", false),
			place(3002, fleet.Deleting, "deleteServers", false),
			place(3003, fleet.Destroying, "destroyingServers", true),
			place(3004, fleet.Failed, "failedServers", false),
			place(3005, fleet.Spawning, "spawningServers", false),
			place(3006, fleet.Queued, "tempServers", false),
			place(3007, fleet.Queued, "tempServers", false),
			{Element: "garbage", State: fleet.Failed, List: "failedServers"},
		},
		"blue": {
			place(3100, fleet.Failing, "failedBlueServers", false),
			place(3101, fleet.Leaving, "drainBlueServers", true),
		},
		"green": {place(3200, fleet.Running, "greenServers", false)},
		"red":   nil,
	} {
		if got := lists.Places(pool); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", pool, got, want)
		}
	}
}

func TestListOf_NamesTheListOfAState(t *testing.T) {
	for state, want := range map[fleet.State]string{
		fleet.Queued: "tempServers", fleet.Running: "servers", fleet.Leaving: "drainServers", fleet.Failed: "failedServers", "none": "",
	} {
		if got := fleet.ListOf(state); got != want {
			t.Errorf("ListOf(%s): got %q, want %q", state, got, want)
		}
	}
}

func TestCommand_IsWhatOneWouldType(t *testing.T) {
	for _, test := range []struct {
		what fleet.What
		pool string
		want string
	}{
		{fleet.Wanted, "web", "LPUSH tempServers U"},
		{fleet.Serving, "web", "LREM spawningServers 0 U; RPUSH servers U"},
		{fleet.Drained, "blue", "LREM drainBlueServers 0 U"},
		{fleet.Fails, "green", "RPUSH failedGreenServers U"},
		{"unheard of", "web", ""},
		{fleet.Wanted, "red", ""},
	} {
		if got := fleet.Command(test.what, test.pool, "U"); got != test.want {
			t.Errorf("Command(%s, %s): got %q, want %q", test.what, test.pool, got, test.want)
		}
	}
}
