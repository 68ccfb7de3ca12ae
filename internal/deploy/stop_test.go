package deploy

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/engine"
)

// stoppingDocker is a Docker whose containers take that long to end, at most
// their grace.
type stoppingDocker struct {
	docker
	takes time.Duration
}

func (s stoppingDocker) Stop(_ context.Context, _ string, grace time.Duration) error {
	time.Sleep(min(s.takes, grace))
	return nil
}

func (s stoppingDocker) Process(context.Context, string) (engine.Process, error) {
	process := engine.Process{Command: []string{"sh", "-c", strings.Repeat("x", 70)}, Signal: "SIGTERM", ExitCode: 143}
	if s.takes > 10*time.Second {
		process.ExitCode = killed
	}
	return process, nil
}

// A push that takes ten seconds longer each time says why.
func TestStop_SaysWhichCommandIgnoredTheSignal(t *testing.T) {
	const ignored = "It did not end within 10s of SIGTERM (STOP_GRACE_SECONDS) and was killed: sh -c "
	for _, test := range []struct {
		name    string
		takes   time.Duration
		running bool
		want    string
	}{
		{"it ends in time", 9 * time.Second, true, ""},
		{"it ends at the last moment", 10 * time.Second, true, ""},
		{"it is killed", time.Hour, true, ignored + strings.Repeat("x", 54) + "…: ignores the signal, or takes longer\n"},
		{"it did not run", time.Hour, false, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			out := new(strings.Builder)
			d := &Deployer{docker: stoppingDocker{takes: test.takes}, config: Config{StopGrace: 10 * time.Second}, out: &output{to: out}}
			err := d.stop(t.Context(), engine.Release{ID: "id", Running: test.running})
			want := strings.Replace(test.want, "…:", "…", 1)
			if got := out.String(); err != nil || got != want {
				t.Errorf("%s: got %v and\n%q, want\n%q", test.name, err, got, want)
			}
		})
	}
}
