package deploy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/engine"
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

func TestMemory_IsNamedAsTheReasonWithTheSettingToRaise(t *testing.T) {
	const advice = "the app was killed for using more than BLUE_APP_MEMORY=64m: raise that in .env, then make up, or have it use less"
	slow := errors.New("not healthy within 1m0s")
	for _, test := range []struct {
		name  string
		err   error
		after time.Duration // when the kernel's news reaches Docker; 0 for never
		want  string
		looks int
	}{
		{"Docker says so", ended(engine.State{Memory: true, ExitCode: killed}), 0, advice, 0},
		{"the news comes late", ended(engine.State{ExitCode: killed}), time.Second, advice, 5},
		{"killed by somebody else", ended(engine.State{ExitCode: killed}), 0, "the container ended with exit code 137", noticeLooks},
		{"it ended by itself", ended(engine.State{ExitCode: 1}), time.Millisecond, "the container ended with exit code 1", 0},
		{"it never answered", slow, time.Millisecond, slow.Error(), 0},
		{"all is well", nil, time.Millisecond, "", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, e, _ := hungry(t)
			if test.after > 0 {
				e.kills = []time.Time{time.Now().Add(test.after)}
			}
			got := d.explainMemory(t.Context(), "id", test.err)
			if text := errorText(got); text != test.want || e.looks != test.looks {
				t.Errorf("%s: got %q after %d looks, want %q after %d", test.name, text, e.looks, test.want, test.looks)
			}
		})
	}
}

func TestMemory_IsNotWaitedForOnceThePushIsGivenUp(t *testing.T) {
	d, e, _ := hungry(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	exit := ended(engine.State{ExitCode: killed})
	if got := d.explainMemory(ctx, "id", exit); !errors.Is(got, exit) || e.looks != 1 {
		t.Errorf("got %v after %d looks, want %v after one", got, e.looks, exit)
	}
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

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
