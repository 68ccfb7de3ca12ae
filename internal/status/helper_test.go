package status_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/redistest"
	"deux/internal/status"
)

var update = flag.Bool("update", false, "write the golden files")

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

func url(port int) string { return site.Server(port).URL }

// host is a Docker that runs every service, but for what a test changes.
type host struct {
	sync.Mutex
	containers []engine.Usage
	checks     map[string]int // exit codes of the services' checks
	checked    []string       // services whose check was run
	away       bool
}

func newHost() *host {
	h := &host{checks: make(map[string]int)}
	for _, service := range []string{"redis", "proxy", "webapp", "blue", "green", "registry", "writer", "reader"} {
		h.containers = append(h.containers, engine.Usage{ID: service, Name: "deux_" + service + "_1", Service: service,
			State: engine.StateRunning, Health: engine.Healthy})
	}
	return h
}

// set changes how a service is.
func (h *host) set(service, state, health string) {
	for i := range h.containers {
		if h.containers[i].Service == service {
			h.containers[i].State, h.containers[i].Health = state, health
		}
	}
}

func (h *host) Containers(context.Context) ([]engine.Usage, error) {
	if h.away {
		return nil, errors.New("no Docker")
	}
	return h.containers, nil
}

func (h *host) State(_ context.Context, id string) (engine.State, error) {
	return engine.State{Running: true, Check: []string{"check"}}, nil
}

func (h *host) Exec(_ context.Context, id string, _ []string) (int, string, error) {
	h.Lock()
	defer h.Unlock()
	h.checked = append(h.checked, id)
	return h.checks[id], "", nil
}

func (h *host) Logs(_ context.Context, id string, lines int, _ bool, out io.Writer) error {
	_, err := fmt.Fprintf(out, "%s says why, in %d lines\n", id, lines)
	return err
}

// system is a Redis and a Docker, filled as the programs of a system would.
type system struct {
	t      *testing.T
	docker *host
	runs   bool      // infrastructure does
	since  time.Time // when it was started
	log    string
	*redistest.CLI
	*status.System
}

// open returns a system with which nothing is wrong.
func open(t *testing.T) *system {
	t.Helper()
	cli := redistest.Open(t)
	lists := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	s := &system{t: t, docker: newHost(), runs: true, log: filepath.Join(t.TempDir(), "infrastructure.log"), CLI: cli}
	t.Cleanup(func() { lists.Close() })
	s.System = status.New(lists, &status.Host{Docker: s.docker, Runs: func() bool { return s.runs }, Since: func() time.Time { return s.since }, Log: s.log})
	s.Push("servers", url(3000), url(3001))
	s.Push("vitals", fleet.Vitals{At: ago(time.Second), Machine: fleet.Machine{Memory: 16 << 30, Available: 12 << 30, Disk: 100 << 30, DiskFree: 40 << 30}})
	return s
}

// show returns what is shown, and whether somebody should look.
func (s *system) show() (text string, isUnwell bool) {
	s.t.Helper()
	var out strings.Builder
	err := s.Show(s.t.Context(), 80, &out)
	return out.String(), err != nil
}

// golden compares a text with the one that is kept in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test -update writes it): got\n%s\nwant\n%s", path, got, want)
	}
}

func ago(d time.Duration) time.Time { return time.Now().Add(-d).UTC().Truncate(time.Millisecond) }
