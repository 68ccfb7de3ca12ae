package status_test

import (
	"strings"
	"testing"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// versioned has the vitals, taken now, say which version the first server and
// the second one run.
func (s *system) versioned(first, second string) {
	s.t.Helper()
	name := site.Server(3001).Container()
	s.docker.Lock()
	if len(s.docker.containers) == 8 {
		s.docker.containers = append(s.docker.containers, engine.Usage{ID: name, Name: name, State: engine.StateRunning})
	}
	s.docker.Unlock()
	s.Push("vitals", fleet.Vitals{At: time.Now(), Containers: map[string]fleet.Container{
		"deux_webapp_1": {Service: fleet.FirstService, Version: first, State: "running"},
		name:            {Version: second, State: "running"}}})
}

func (s *system) renewed(patience time.Duration, saying func(line string)) string {
	s.t.Helper()
	out := &listener{said: saying}
	if err := s.Renewed(s.t.Context(), patience, out); err != nil {
		s.t.Errorf("got %v, want nil", err)
	}
	return out.String()
}

// listener hears each line that is said.
type listener struct {
	strings.Builder
	said func(line string)
}

func (l *listener) Write(line []byte) (int, error) {
	if l.said != nil {
		l.said(string(line))
	}
	return l.Builder.Write(line)
}

const stillOne = "1 of 2 web servers still runs the code or settings from before"

func TestRenewed_ReturnsOnceNoServerRunsAnotherVersionAndSaysHowFarItIs(t *testing.T) {
	s := open(t)
	s.versioned("new", "old")
	said := s.renewed(time.Hour, func(string) { s.versioned("new", "new") })
	if want := "    renewing: " + stillOne + "\n"; said != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestRenewed_DoesNotWaitForWhatIsDoneOrWillNotHappen(t *testing.T) {
	left := "    " + stillOne + "; make status says when they are renewed\n"
	for _, test := range []struct {
		name     string
		spoil    func(*system)
		patience time.Duration
		want     string
	}{
		{"all run the same", func(s *system) { s.versioned("new", "new") }, time.Hour, ""},
		{"a server that has no version yet", func(s *system) { s.versioned("new", "") }, time.Hour, ""},
		{"patience is over", func(s *system) { s.versioned("new", "old") }, time.Nanosecond, left},
		{"a server has failed", func(s *system) { s.versioned("new", "old"); s.Push("failedServers", url(3002)) }, time.Hour, left},
		{"infrastructure is away", func(s *system) { s.versioned("new", "old"); s.runs = false }, time.Hour, ""},
		{"no vitals", func(s *system) { s.Remove("vitals") }, time.Hour, ""},
		{"no version of the first server", func(s *system) { s.versioned("", "old") }, time.Nanosecond, ""},
		{"no Redis", func(s *system) { s.CLI.ShutdownNoSave(s.t.Context()) }, time.Hour, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			test.spoil(s)
			if said := s.renewed(test.patience, nil); said != test.want {
				t.Errorf("said %q, want %q", said, test.want)
			}
		})
	}
}

// What was seen before the first server or infrastructure was replaced says
// nothing: nobody has compared with the new one yet.
func TestRenewed_TakesOnlyWhatWasSeenAfterTheStart(t *testing.T) {
	for name, replace := range map[string]func(*system, time.Time){
		"the first server": func(s *system, at time.Time) {
			for i := range s.docker.containers {
				s.docker.containers[i].Created = at
			}
		},
		"infrastructure": func(s *system, at time.Time) { s.since = at },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.versioned("new", "old")
			replace(s, time.Now().Add(-time.Minute))
			if said := s.renewed(time.Nanosecond, nil); !strings.HasPrefix(said, "    "+stillOne) {
				t.Errorf("replaced a minute ago: said %q, want that %s", said, stillOne)
			}
			replace(s, time.Now())
			if said := s.renewed(time.Nanosecond, nil); said != "" {
				t.Errorf("replaced just now: said %q, want nothing", said)
			}
		})
	}
}
