package fleet_test

import (
	"reflect"
	"testing"
	"time"

	"deux/internal/fleet"
)

func TestLoad_IsReadAsItWasRecordedAndBounded(t *testing.T) {
	l := open(t)
	blue, err := l.Rotation("blue")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for second := range 310 {
		load := fleet.Load{At: at.Add(time.Duration(second) * time.Second), Requests: second, P99: 1.5,
			Statuses: map[string]int{"2xx": second}, Servers: map[string]fleet.ServerLoad{url(3001): {Requests: second, P95: 2}}}
		if err := blue.RecordLoad(t.Context(), load); err != nil {
			t.Fatal(err)
		}
	}
	l.Client.LPush(t.Context(), "blueLoad", "garbage")
	snapshot, err := l.Snapshot(t.Context(), fleet.Depth{})
	loads := snapshot.Loads["blue"]
	if err != nil || len(loads) != 300 {
		t.Fatalf("got %d, %v, want 300", len(loads), err)
	}
	want := fleet.Load{At: at.Add(309 * time.Second), Requests: 309, P99: 1.5,
		Statuses: map[string]int{"2xx": 309}, Servers: map[string]fleet.ServerLoad{url(3001): {Requests: 309, P95: 2}}}
	if !reflect.DeepEqual(loads[0], want) {
		t.Errorf("the newest: got %+v, want %+v", loads[0], want)
	}
}
