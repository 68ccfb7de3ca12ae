package infrastructure

import (
	"encoding/json"
	"testing"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

func TestRestart_IsToldWithItsCauseIfThatIsTheMemoryLimit(t *testing.T) {
	const advice = "it was killed for using more than its memory limit: raise BLUE_APP_MEMORY in .env, then make up, or have it use less; "
	for _, test := range []struct {
		name     string
		restarts int // before
		killed   time.Duration
		want     string
	}{
		{"by itself, for the first time", 0, -48 * time.Hour, "it ended; Docker started it again, once so far"},
		{"by itself, again", 1, -48 * time.Hour, "it ended; Docker started it again, 2 times so far"},
		{"killed before, and counted then", 1, -time.Hour, "it ended; Docker started it again, 2 times so far"},
		{"killed now", 1, time.Hour, advice + "Docker started it again, 2 times so far"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newApps(t)
			app := &app{watcher: a.watcher, colour: "blue", log: a.watcher.log}
			a.set(func() { a.killed = time.Now().Add(test.killed) })
			for more := range 2 {
				a.set(func() { a.condition = engine.Condition{State: engine.StateRunning, Restarts: test.restarts + more} })
				seen, err := a.watcher.see(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				app.look(t.Context(), seen)
			}
			var got fleet.Event
			if err := json.Unmarshal([]byte(a.CLI.LIndex(t.Context(), "events", 0).Val()), &got); err != nil {
				t.Fatal(err)
			}
			if got.What != fleet.Restarted || got.Why != test.want {
				t.Errorf("got %s, %q, want %q", got.What, got.Why, test.want)
			}
		})
	}
}
