package deploy

import (
	"testing"
	"testing/synctest"
	"time"
)

// hungry returns a Deployer of an app with 64 MiB whose processes are killed for
// their memory at these times.
func hungry(t *testing.T, kills ...time.Time) (d *Deployer, e *estate, said func() string) {
	t.Helper()
	d, out := offline(t)
	d.colour.limits.Memory = 64 << 20
	e = newEstate()
	e.kills, d.docker = kills, estateDocker{estate: e}
	return d, e, func() string { text := out.String(); out.Reset(); return text }
}

func TestMemory_KillsOfTheLastDayAreInTheStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		d, e, said := hungry(t, now.Add(-25*time.Hour))
		if d.memoryStatus(t.Context(), "id"); said() != "" {
			t.Errorf("one long ago: got a line, want none")
		}
		e.kills = append(e.kills, now.Add(-2*time.Hour), now.Add(-time.Hour))
		d.memoryStatus(t.Context(), "id")
		want := "  memory     processes killed in the last day for using more than BLUE_APP_MEMORY=64m: 2, the last at " +
			now.Add(-time.Hour).UTC().Format(time.RFC3339) + "\n"
		if got := said(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
