package status_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/engine"
)

// wait waits with the least patience, and returns what was said and the error's
// text, which is empty if all is healthy.
func (s *system) wait() (said, failure string) {
	s.t.Helper()
	var out strings.Builder
	if err := s.Wait(s.t.Context(), time.Nanosecond, &out); err != nil {
		failure = err.Error()
	}
	return out.String(), failure
}

func TestWait_NamesWhatIsNotHealthy(t *testing.T) {
	for _, test := range []struct {
		name    string
		spoil   func(*system)
		missing string
	}{
		{"nothing", func(*system) {}, ""},
		{"a failed server does not matter", func(s *system) { s.Push("failedServers", url(3002)) }, ""},
		{"a service that is away", func(s *system) { s.docker.containers = s.docker.containers[1:] }, "redis"},
		{"services that do not run", func(s *system) {
			s.docker.set("writer", engine.StateExited, "")
			s.docker.set("reader", engine.StateRestarting, "")
		}, "writer reader"},
		{"one that starts and passes its check", func(s *system) { s.docker.set("writer", engine.StateRunning, "starting") }, ""},
		{"one that starts and fails its check", func(s *system) {
			s.docker.set("writer", engine.StateRunning, "starting")
			s.docker.checks["writer"] = 1
		}, "writer"},
		{"infrastructure", func(s *system) { s.runs = false }, "infrastructure"},
		{"infrastructure that has not begun", func(s *system) { s.Remove("vitals") }, "infrastructure"},
		{"servers", func(s *system) { s.Remove("servers") }, "a-listed-server"},
		{"a Redis that does not answer yet", func(s *system) { s.CLI.ShutdownNoSave(s.t.Context()) }, "redis"},
		{"Docker", func(s *system) { s.docker.away = true }, "redis proxy webapp blue green registry writer reader"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			test.spoil(s)
			said, failure := s.wait()
			want := ""
			if test.missing != "" {
				want = "not healthy after 1ns: " + test.missing + " (see make logs)"
			}
			if failure != want {
				t.Errorf("got %q, want %q", failure, want)
			}
			if test.missing != "" && !strings.HasPrefix(said, "    waiting for "+test.missing+"\n") {
				t.Errorf("said %q, want that it waits for %q", said, test.missing)
			}
		})
	}
}

func TestWait_AsksOnlyThoseThatDockerHasNotSeenHealthy(t *testing.T) {
	s := open(t)
	s.docker.set("writer", engine.StateRunning, "starting")
	s.docker.set("green", engine.StateRunning, engine.Unhealthy)
	if _, failure := s.wait(); failure != "" {
		t.Fatal(failure)
	}
	slices.Sort(s.docker.checked)
	if want := []string{"green", "writer"}; !slices.Equal(s.docker.checked, want) {
		t.Errorf("checks run: got %q, want %q", s.docker.checked, want)
	}
}

func TestWait_ShowsTheLastWordsOfWhatIsNotHealthy(t *testing.T) {
	s := open(t)
	s.docker.set("writer", engine.StateExited, "")
	s.runs = false
	if err := os.WriteFile(s.log, []byte("1\n2\n3\n4\n5\n6\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, _ := s.wait()
	want := "    waiting for writer infrastructure\n    writer: writer says why, in 5 lines\n" +
		"    infrastructure: 2\n    infrastructure: 3\n    infrastructure: 4\n    infrastructure: 5\n    infrastructure: 6\n"
	if said != want {
		t.Errorf("said\n%s\nwant\n%s", said, want)
	}
}

func TestWait_ReadsOnlyTheEndOfALongLog(t *testing.T) {
	s := open(t)
	s.runs = false
	log, err := os.Create(s.log)
	if err == nil {
		_, err = log.WriteAt([]byte("\n"+strings.Repeat("x", 1<<20)+"\nlast\n"), 64<<20)
	}
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	said, _ := s.wait()
	if want := "    waiting for infrastructure\n    infrastructure: last\n"; said != want {
		t.Errorf("said %d bytes, %.200q, want %q", len(said), said, want)
	}
}
