package deploy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/deploy/repotest"
	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

// lookedAt is a Docker that is only looked at.
type lookedAt struct {
	docker
	away      error              // no question is answered
	first     [][]engine.Release // at the first looks
	releases  []engine.Release   // afterwards
	condition engine.Condition
	lost      error // of the condition
	state     engine.State
	unknown   error // the state
	kills     int   // for memory, the last at killed
	killed    time.Time
	prints    func(id string, since time.Time, out io.Writer) error
}

func (l *lookedAt) Releases(context.Context, string) ([]engine.Release, error) {
	if len(l.first) > 0 {
		now := l.first[0]
		l.first = l.first[1:]
		return now, l.away
	}
	return l.releases, l.away
}

func (l *lookedAt) Condition(context.Context, string) (engine.Condition, error) {
	return l.condition, l.lost
}

func (l *lookedAt) State(context.Context, string) (engine.State, error) {
	return l.state, l.unknown
}

func (l *lookedAt) MemoryKills(context.Context, string, time.Time) (time.Time, int) {
	return l.killed, l.kills
}

func (l *lookedAt) TimedLogs(_ context.Context, id string, since time.Time, _ bool, out io.Writer) error {
	return l.prints(id, since, out)
}

// look is a colour that a person looks at: blue with a ledger, a Redis, and a
// Docker that says what the test has it say.
type look struct {
	*Deployer
	docker  *lookedAt
	printed *bytes.Buffer
	commits [2]string // oldest first
}

// looks returns one of which nothing was deployed yet.
func looks(t *testing.T) *look {
	t.Helper()
	l := &look{docker: new(lookedAt), printed: new(bytes.Buffer), commits: [2]string{strings.Repeat("1", 40), strings.Repeat("2", 40)}}
	config := Config{
		Fleet: "deux", Dir: memory(t), HostIP: "127.0.0.1", RegistryPort: 5000, BluePort: 50101, BlueFirst: 1024, Ports: 20, Keep: 5,
		Redis: fleet.Redis{Address: redistest.Address(t)}, BlueApp: AppLimits{Memory: 64 << 20},
	}
	colour, err := config.colour("blue")
	if err != nil {
		t.Fatal(err)
	}
	l.Deployer = newDeployer(config, colour, ledger.At(colour.git), l.printed)
	if err := l.ledger.Make(); err != nil {
		t.Fatal(err)
	}
	lists := fleet.Open(config.Redis, colour.site)
	t.Cleanup(func() { lists.Close() })
	rotation, err := lists.Rotation("blue")
	if err != nil {
		t.Fatal(err)
	}
	l.meet(l.docker, lists, rotation)
	return l
}

// commit gives it a repository with both commits.
func (l *look) commit(t *testing.T) {
	t.Helper()
	work := t.TempDir()
	for i, subject := range []string{"First", "Second"} {
		l.commits[i] = repotest.Commit(t, work, subject, nil)
	}
	l.repository = repo.Repository{Dir: filepath.Join(work, ".git")}
}

// deployed is the second commit, by Ann.
func (l *look) deployed(t *testing.T) *ledger.Deployment {
	t.Helper()
	p := &ledger.Deployment{Record: ledger.Record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Ref: mainRef, Revision: l.commits[1], Digest: "sha256:2", Who: "ann", Result: ledger.Deployed,
	}}
	if err := l.ledger.SetCurrent(p); err != nil {
		t.Fatal(err)
	}
	if err := l.ledger.Append(p.Record); err != nil {
		t.Fatal(err)
	}
	return p
}

// serve has the app answer with a status, in a container that is listed.
func (l *look) serve(t *testing.T, status int) {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(app.Close)
	at, err := url.Parse(app.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(at.Port())
	l.docker.releases = []engine.Release{{ID: "c0ffee", Name: "blue-app", Revision: l.commits[1], Port: port, AppPort: 8080, Running: true}}
	l.docker.condition = engine.Condition{State: engine.StateRunning, Started: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)}
	l.list(t, l.colour.site.Server(port))
}

func (l *look) list(t *testing.T, server fleet.Server) {
	t.Helper()
	if err := l.rotation.Switch(t.Context(), server); err != nil {
		t.Fatal(err)
	}
}

// varying is what differs each time.
var varying = regexp.MustCompile(`127\.0\.0\.1:\d+|in \d+(\.\d+)?m?s`)

// text returns what was printed since the last time, with the commits as FIRST
// and SECOND and without what differs each time.
func (l *look) text() string {
	text := strings.NewReplacer(l.commits[0], "FIRST", l.commits[1], "SECOND").Replace(l.printed.String())
	l.printed.Reset()
	return varying.ReplaceAllStringFunc(text, func(varies string) string {
		if strings.HasPrefix(varies, "in ") {
			return "in 1ms"
		}
		return "HOST"
	})
}
