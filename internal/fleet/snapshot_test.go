package fleet_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

// fill puts something into every list.
func (l lists) fill() {
	l.t.Helper()
	l.Put("servers", url(3001), url(3000), url(3002))
	l.Put("tempServers", url(3007), url(3006))
	l.Put("spawningServers", url(3005))
	l.Put("failedServers", url(3004), "garbage")
	l.Put("deleteServers", url(3002))
	l.Put("destroyingServers", url(3003))
	l.Put("drainServers", url(3003))
	l.Put("blueServers", url(3100))
	l.Put("drainBlueServers", url(3101))
	l.Put("failedBlueServers", url(3100))
	l.Put("greenServers", url(3200))
	l.Put("events", `{"what":"wanted","server":"b"}`, "garbage", `{"what":"wanted","server":"a"}`)
	for _, pool := range []string{"web", "blue", "green"} {
		l.Put(pool+"Load", `{"at":"2026-01-02T03:04:06Z","requests":2}`, `{"at":"2026-01-02T03:04:05Z","requests":1}`, "[]")
	}
	l.Put("vitals", `{"at":"2026-01-02T03:04:06Z","machine":{"memory":2}}`, `{"at":"2026-01-02T03:04:05Z"}`)
	l.Put("blueDeploy", `{"revision":"r","step":"build","state":"begun"}`, "1")
	l.Put("recent", "/recent", "/")
	l.Put("images", "a", "b", "c")
}

func TestSnapshot_HoldsEveryList(t *testing.T) {
	l := open(t)
	l.fill()
	got, err := l.Snapshot(t.Context(), fleet.Depth{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	loads := []fleet.Load{{At: at, Requests: 2}, {At: at.Add(-time.Second), Requests: 1}}
	for what, pair := range map[string][2]any{
		"servers": {elements(got.Places("web")), []string{url(3000), url(3001), url(3002), url(3003), url(3004), url(3005), url(3006), url(3007), "garbage"}},
		"blue":    {elements(got.Places("blue")), []string{url(3100), url(3101)}},
		"green":   {elements(got.Places("green")), []string{url(3200)}},
		"events":  {got.Events, []fleet.Event{{What: fleet.Wanted, Server: "b"}, {What: fleet.Wanted, Server: "a"}}},
		"loads":   {got.Loads, map[string][]fleet.Load{"web": loads, "blue": loads, "green": loads}},
		"vitals":  {got.Vitals, fleet.Vitals{At: at, Machine: fleet.Machine{Memory: 2}}},
		"deploys": {got.Deploys, map[string][]fleet.Step{"blue": {{Revision: "r", Step: "build", State: fleet.StepBegun}}, "green": {}}},
		"recent":  {got.Recent, []string{"/recent", "/"}},
		"images":  {got.Images, int64(3)},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %+v, want %+v", what, pair[0], pair[1])
		}
	}
	if app, is := got.App("blue"); !is || app.State != fleet.Failing {
		t.Errorf("the blue app: got %v, %v, want it failing", app, is)
	}
}

func TestSnapshot_ReadsNoDeeperThanItIsTold(t *testing.T) {
	l := open(t)
	l.fill()
	got, err := l.Snapshot(t.Context(), fleet.Depth{Events: 1, Loads: 1})
	if err != nil || len(got.Events) != 1 || len(got.Loads["web"]) != 1 || got.Events[0].Server != "b" || got.Loads["web"][0].Requests != 2 {
		t.Errorf("got %+v, %+v, %v, want the newest of each", got.Events, got.Loads["web"], err)
	}
}

func TestSnapshot_IsOneTransaction(t *testing.T) {
	l := open(t)
	_, err := l.Snapshot(t.Context(), fleet.Depth{}) // connects
	heard := redistest.Listen(t, l.Address, "", func() { _, err = l.Snapshot(t.Context(), fleet.Depth{}) })
	got := redistest.Commands(heard)
	if want := map[string]int{"multi": 1, "lrange": 21, "llen": 1, "info": 1, "exec": 1}; err != nil || !maps.Equal(got, want) {
		t.Errorf("Redis heard %v, %v, want %v", got, err, want)
	}
}

func TestSnapshot_OfAnEmptyRedisHoldsNothing(t *testing.T) {
	l := open(t)
	got, err := l.Snapshot(t.Context(), fleet.Depth{})
	if err != nil || len(got.Servers())+len(got.Events)+len(got.Recent)+int(got.Images) > 0 || !got.Vitals.At.IsZero() {
		t.Errorf("got %+v, %v, want nothing", got, err)
	}
	if keys := slices.Sorted(maps.Keys(got.Loads)); !slices.Equal(keys, []string{"blue", "green", "web"}) {
		t.Errorf("loads: got those of %v, want every pool's", keys)
	}
}
