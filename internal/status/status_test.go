package status_test

import (
	"strings"
	"testing"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

func TestShow_SaysWhereEverythingIs(t *testing.T) {
	s := open(t)
	minutes := func(n time.Duration) time.Time { return ago(n*time.Minute + 5*time.Second) }
	release := fleet.Release{At: minutes(120), What: "rollback", Revision: "0123456789abcdef", By: "ann", Subject: "Say hello in green"}
	s.Push("events",
		fleet.Event{At: minutes(9), What: fleet.Serving, Pool: "web", Server: url(3001)},
		fleet.Event{At: minutes(7), What: fleet.Lost, Pool: "web", Server: url(3002), Why: "no answer"},
		fleet.Event{At: minutes(3), What: fleet.Switched, Pool: "blue", Server: url(50201)},
		fleet.Event{At: minutes(2), What: fleet.GivenUp, Pool: "web", Server: url(3005), Why: "the build ended with 1 after three attempts, and the disk had no space left."})
	s.Push("spawningServers", url(3002))
	s.Push("tempServers", url(3006))
	s.Push("deleteServers", url(3001))
	s.Push("destroyingServers", url(3003), url(3004))
	s.Push("drainServers", url(3003))
	s.Push("failedServers", url(3005), "rm -rf /")
	s.Push("blueServers", url(50201))
	s.Push("blueDeploy",
		fleet.Step{At: minutes(120), Push: minutes(121), What: "rollback", State: fleet.StepDone, Running: &release, Held: "fedcba9876543210"},
		fleet.Step{At: minutes(1), Push: minutes(2), What: "push", Revision: "fedcba9876543210", By: "bob", Subject: "Say good bye", Step: "Building the image", State: fleet.StepBegun})
	s.Push("greenDeploy", fleet.Step{At: minutes(4), Push: minutes(5), What: "push", Revision: "abcdef0123456789", By: "cid", State: fleet.StepFailed, Why: "no Dockerfile"})
	s.docker.set("registry", engine.StateRunning, "starting")
	s.docker.set("writer", engine.StateExited, "")
	text, isUnwell := s.show()
	golden(t, "everything.txt", text)
	if !isUnwell {
		t.Error("got success, want a failure: the writer is away")
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > 81 {
			t.Errorf("got a line of more than 80 columns: %q", line)
		}
	}
}

func TestShow_FailsIfSomebodyShouldLook(t *testing.T) {
	for _, test := range []struct {
		name     string
		spoil    func(*system)
		isUnwell bool
		starts   string
	}{
		{"nothing is wrong", func(*system) {}, false, "All is well: 2 web servers serve"},
		{"a server is starting", func(s *system) { s.Push("tempServers", url(3002)) }, false, "1 server is starting.\n"},
		{"a server failed", func(s *system) { s.Push("failedServers", url(3002)) }, true, "Server 3002 failed. The page offers to try again or forget it. Type: make logs\n"},
		{"visitors get errors", func(s *system) {
			s.Push("blueServers", url(50200))
			s.Push("blueLoad", fleet.Load{At: ago(time.Second), Requests: 30, Statuses: map[string]int{"5xx": 30}})
		}, true, "The app blue answers with errors: 30 of 30 requests in five minutes."},
		{"Docker says that the writer ended, and nobody wrote that down yet", func(s *system) { s.docker.set("writer", engine.StateExited, "") },
			true, "writer is not running (exited): the stream stands still. Type: make up\n"},
		{"Redis is full", func(s *system) { s.ConfigSet(s.t.Context(), "maxmemory", "1") }, true,
			"Redis is full: no spawns, no destroys, no uploads. Look at pictures (/meow), or\n  raise REDIS_MEMORY and run make up.\n"},
		{"infrastructure ended, and its beat is recent", func(s *system) { s.runs = false }, true,
			"infrastructure does not run: no spawns, no destroys, no repairs. Type: make up\n"},
		{"infrastructure ended long ago, and so did the writer", func(s *system) {
			s.runs = false
			s.Push("vitals", fleet.Vitals{At: ago(time.Hour)})
			s.docker.set("writer", engine.StateExited, "")
		}, true,
			"infrastructure does not run: no spawns, no destroys, no repairs. Type: make up\n  writer is not running (exited): the stream stands still. Type: make up\n"},
		{"infrastructure runs and does nothing", func(s *system) { s.Remove("vitals") }, true, "infrastructure does not run: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			test.spoil(s)
			text, isUnwell := s.show()
			if isUnwell != test.isUnwell || !strings.HasPrefix(text, test.starts) {
				t.Errorf("got unwell %v\n%s\nwant %v\n%s", isUnwell, text, test.isUnwell, test.starts)
			}
		})
	}
}

func TestShow_WithoutRedisSaysSoAndWhatDockerKnows(t *testing.T) {
	s := open(t)
	s.CLI.ShutdownNoSave(t.Context())
	s.docker.set("redis", engine.StateExited, "")
	text, isUnwell := s.show()
	first, rest, _ := strings.Cut(text, "\n")
	if want := "Redis does not answer"; !isUnwell || !strings.HasPrefix(first, want) || !strings.Contains(rest, "Type: make up\n") {
		t.Errorf("got unwell %v\n%s\nwant it to say %q first", isUnwell, text, want)
	}
	for _, want := range []string{"reading all lists: ", "  redis           exited\n", "  writer          healthy\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant it to say %q", text, want)
		}
	}
	if strings.Contains(text, "infrastructure  ") {
		t.Errorf("got\n%s\nwant nothing of what nobody can know", text)
	}
}

func TestShow_WithoutDockerTellsWhatInfrastructureSaw(t *testing.T) {
	s := open(t)
	s.docker.away = true
	s.Push("vitals", fleet.Vitals{At: ago(time.Second), Containers: map[string]fleet.Container{"deux_redis_1": {Service: "redis", State: "running", Health: "healthy"}}})
	if text, _ := s.show(); !strings.HasPrefix(text, "proxy is away: ") || !strings.Contains(text, "  redis           healthy\n") {
		t.Errorf("got\n%s\nwant what is in the vitals: redis alone", text)
	}
	s.Push("vitals", fleet.Vitals{At: ago(5*time.Minute + time.Second)})
	if text, _ := s.show(); !strings.Contains(text, "\nservices, as of 5 min ago\n  redis           away\n") {
		t.Errorf("got\n%s\nwant it to say how old that is", text)
	}
	s.Remove("vitals")
	if text, _ := s.show(); !strings.Contains(text, "\nservices, not looked at yet\n  infrastructure  does not run\n") {
		t.Errorf("got\n%s\nwant it to say that nobody knows", text)
	}
}
