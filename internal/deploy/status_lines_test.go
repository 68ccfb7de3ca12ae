package deploy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// The lines of status for blue when it is well. Of a colour that is not, a line
// is another one, and those that follow are missing.
const (
	statusStart = "blue: SECOND\n" +
		"  image      localhost:5000/blue-registry@sha256:2\n" +
		"  deployed   2026-01-02T03:04:05Z by ann\n"
	statusContainer = "  container  blue-app, http://HOST\n"
	statusWell      = "  health     answers, in 1ms; since 2026-01-02T03:04:06Z\n"
	statusEnd       = "  configured with nothing\n" +
		"  address    http://localhost:50101\n"
)

func TestStatus_ShowsAColourInEveryState(t *testing.T) {
	for _, test := range []struct {
		what  string
		state func(t *testing.T, l *look)
		want  string // between the start and the end
		well  bool
	}{
		{"well", func(*testing.T, *look) {}, statusContainer + statusWell, true},
		{"down", func(t *testing.T, l *look) {
			if err := l.ledger.MeanDown(); err != nil {
				t.Fatal(err)
			}
		}, "  health     down: bin/deploy restore blue brings it back\n", true},
		{"gone", func(_ *testing.T, l *look) { l.docker.releases = nil },
			"  health     its container is GONE: infrastructure brings it back if it runs, otherwise bin/deploy restore blue does\n", false},
		{"without Docker", func(_ *testing.T, l *look) { l.docker.away = errors.New("connection refused") },
			"  health     unknown: no answer from Docker: connection refused\n", false},
		{"removed while it is looked at", func(_ *testing.T, l *look) { l.docker.lost = engine.ErrNoContainer },
			statusContainer + "  health     unknown: the container is gone\n", false},
		{"ended", func(_ *testing.T, l *look) {
			l.docker.condition = engine.Condition{State: engine.StateExited, ExitCode: 3, Restarts: 2}
		}, statusContainer + "  health     NOT RUNNING: its container is exited, exit code 3, restarted 2 times by Docker\n", false},
		{"ended once more", func(_ *testing.T, l *look) {
			l.docker.condition = engine.Condition{State: engine.StateRestarting, ExitCode: 3, Restarts: 1}
		}, statusContainer + "  health     NOT RUNNING: its container is restarting, exit code 3, restarted once by Docker\n", false},
		{"paused", func(_ *testing.T, l *look) { l.docker.condition.State = engine.StatePaused },
			statusContainer + "  health     NOT RUNNING: its container is paused\n", false},
		{"killed for its memory", func(_ *testing.T, l *look) {
			l.docker.condition = engine.Condition{State: engine.StateRestarting, ExitCode: 137, OutOfMemory: true}
			l.docker.kills, l.docker.killed = 4, time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
		}, statusContainer +
			"  memory     processes killed in the last day for using more than BLUE_APP_MEMORY=64m: 4, the last at 2026-01-02T04:00:00Z\n" +
			"  health     NOT RUNNING: its container is restarting, it was out of memory, exit code 137\n", false},
		{"failing", func(t *testing.T, l *look) { l.serve(t, http.StatusBadGateway) },
			statusContainer + "  health     NOT HEALTHY: GET / answers 502 Bad Gateway; since 2026-01-02T03:04:06Z\n", false},
		{"failing its HEALTHCHECK", func(_ *testing.T, l *look) {
			l.docker.condition.Health, l.docker.condition.Check = engine.Unhealthy, "no database"
		}, statusContainer + "  health     NOT HEALTHY: its HEALTHCHECK fails: no database; since 2026-01-02T03:04:06Z\n", false},
		{"not listed", func(t *testing.T, l *look) {
			if err := l.unlist(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, statusContainer + statusWell + "  listed     NO: infrastructure lists it if it runs, otherwise bin/deploy restore blue does\n", false},
		{"published where HOST_IP was before", func(_ *testing.T, l *look) {
			l.docker.releases[0].Address, l.colour.site.Host = "127.0.0.1", "192.0.2.1"
		}, statusContainer + statusWell + "  listed     NO, HOST_IP or the colour's ports have changed since: bin/deploy restore blue releases it again\n", false},
		{"without Redis", func(_ *testing.T, l *look) { l.rotation = redisAway{} },
			statusContainer + statusWell + "  listed     unknown: no answer from Redis at HOST (make up starts it)\n", false},
	} {
		t.Run(test.what, func(t *testing.T) {
			l := looks(t)
			l.deployed(t)
			l.serve(t, http.StatusOK)
			test.state(t, l)
			err := l.Status(t.Context())
			if got, want := l.text(), statusStart+test.want+statusEnd; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if (err == nil) != test.well || err != nil && !errors.Is(err, ErrUnwell) {
				t.Errorf("got %v, want well: %v", err, test.well)
			}
		})
	}
}

// redisAway is the rotation of a Redis that is away.
type redisAway struct{ rotation }

func (redisAway) Read(context.Context) (listed, draining []fleet.Server, err error) {
	return nil, nil, errors.New("connection refused")
}

func TestStatus_BeforeTheFirstPushSaysHowToPush(t *testing.T) {
	l := looks(t)
	if err := l.Status(t.Context()); err != nil {
		t.Errorf("got %v, want nil: nothing should run", err)
	}
	if got, want := l.text(), "blue: nothing is deployed yet: git push blue main\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStatus_SaysWhatIsUnderWay(t *testing.T) {
	l := looks(t)
	if err := l.ledger.Save(&ledger.Deployment{Record: ledger.Record{Revision: l.commits[0], Who: "bob"}, Step: "build"}); err != nil {
		t.Fatal(err)
	}
	_ = l.Status(t.Context())
	if got, want := l.text(), "  under way  FIRST by bob, at step build\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end with %q", got, want)
	}
}

func TestStatus_SaysWhatMainHoldsAfterARollback(t *testing.T) {
	l := looks(t)
	l.commit(t)
	p := l.deployed(t)
	p.Revision, p.Aim = l.commits[0], ledger.RolledBack
	if err := l.ledger.SetCurrent(p); err != nil {
		t.Fatal(err)
	}
	_ = l.Status(t.Context())
	got := l.text()
	for _, want := range []string{"blue: FIRST First\n", "  branch     main holds SECOND Second: bin/deploy forward blue runs that\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%swant it to have %q", got, want)
		}
	}
}

func TestStatus_CountsTheConfigurationAndShowsNoValue(t *testing.T) {
	l := looks(t)
	l.deployed(t)
	generation, err := l.env.Write(appenv.Configuration{
		Variables: map[string]string{"A": "canary", "B": "canary"}, Files: map[string][]byte{"key": []byte("canary")},
	})
	if err := errors.Join(err, l.env.Use(generation)); err != nil {
		t.Fatal(err)
	}
	_ = l.Status(t.Context())
	if got := l.text(); !strings.Contains(got, "  configured 2 variables, 1 file\n") || strings.Contains(got, "canary") {
		t.Errorf("got\n%swant counts and no value", got)
	}
	if err := os.WriteFile(l.ledger.Path(ledger.Configurations)+"/current", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = l.Status(t.Context())
	if got := l.text(); !strings.Contains(got, "  configured UNREADABLE: ") || !strings.Contains(got, "does not hold a number: write into it") {
		t.Errorf("damaged: got\n%swant what is wrong and what to do", got)
	}
}

func TestWell_AnAppThatHangsIsNotAndOneThatIsNoLongerAskedDoesNotHang(t *testing.T) {
	asked, over := make(chan bool, 2), make(chan bool)
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- true; <-over }))
	defer app.Close()
	defer close(over)
	err := well(t.Context(), app.URL, 8080, engine.Condition{}, 20*time.Millisecond)
	if want := "it HANGS, no answer within 20ms"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for len(asked) > 0 {
		<-asked
	}
	ctx, interrupt := context.WithCancel(t.Context()) // as by Ctrl-C
	go func() { <-asked; interrupt() }()
	if err := well(ctx, app.URL, 8080, engine.Condition{}, time.Minute); err == nil || strings.Contains(err.Error(), "HANGS") {
		t.Errorf("interrupted: got %v, want no word of a hang", err)
	}
}
