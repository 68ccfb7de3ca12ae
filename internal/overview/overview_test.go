package overview_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
	"deux/internal/redistest"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

func url(port int) string { return site.Server(port).URL }

// system is a Redis, filled as the programs of a system would.
type system struct {
	*redistest.CLI
	t      *testing.T
	fleet  *fleet.Fleet
	reader *overview.Reader
	depths []fleet.Depth // of the looks
}

func open(t *testing.T) *system {
	t.Helper()
	cli := redistest.Open(t)
	s := &system{CLI: cli, t: t, fleet: fleet.Open(fleet.Redis{Address: cli.Address}, site)}
	t.Cleanup(func() { s.fleet.Close() })
	s.reader = overview.NewReader(site, s.snapshot)
	return s
}

func (s *system) snapshot(ctx context.Context, depth fleet.Depth) (fleet.Snapshot, error) {
	s.depths = append(s.depths, depth)
	return s.fleet.Snapshot(ctx, depth)
}

func (s *system) look() overview.Overview {
	s.t.Helper()
	o, err := s.reader.Look(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

func ago(d time.Duration) time.Time { return time.Now().Add(-d).UTC().Truncate(time.Millisecond) }

// vitals are those of a system whose services are well, but for changes.
func vitals(changes map[string]fleet.Container) fleet.Vitals {
	v := fleet.Vitals{At: ago(time.Second), Machine: fleet.Machine{Memory: 1000, Available: 500, Disk: 1000, DiskFree: 500},
		Containers: map[string]fleet.Container{}}
	for _, service := range []string{"redis", "proxy", "webapp", "blue", "green", "registry", "writer", "reader"} {
		v.Containers["deux_"+service+"_1"] = fleet.Container{Service: service, State: "running", Health: "healthy"}
	}
	for name, container := range changes {
		if v.Containers[name] = container; container == (fleet.Container{}) {
			delete(v.Containers, name)
		}
	}
	return v
}

// well fills a system with which nothing is wrong.
func (s *system) well() {
	s.Push("servers", url(3000), url(3001))
	s.Push("vitals", vitals(nil))
}

func TestVerdict_IsTheWorstOrThatAllIsWell(t *testing.T) {
	revision := "0123456789abcdef0123456789abcdef01234567"
	release := &fleet.Release{Revision: revision, At: ago(time.Hour)}
	for _, test := range []struct {
		name  string
		spoil func(*system)
		level overview.Level
		what  string
		do    string
	}{
		{"nothing", func(*system) {}, overview.Well, "All is well: 2 web servers serve.", ""},
		{"the first server alone", func(s *system) { s.Remove("servers"); s.Push("servers", url(3000)) }, overview.Well,
			"All is well: the first server serves alone, no other has been spawned.", ""},
		{"requests and a release", func(s *system) {
			s.Push("webLoad", fleet.Load{At: ago(time.Second), Requests: 50, Statuses: map[string]int{"2xx": 50}})
			s.Push("blueServers", url(50200))
			s.Push("blueDeploy", fleet.Step{At: ago(time.Hour), State: fleet.StepDone, Running: release})
		}, overview.Well, "All is well: 2 web servers serve, blue runs 0123456.", ""},
		{"nobody beats", func(s *system) { s.Remove("vitals") }, overview.Bad,
			"infrastructure does not run: no spawns, no destroys, no repairs.", "make up"},
		{"the beat is old", func(s *system) {
			old := vitals(nil)
			old.At = ago(time.Minute)
			s.Push("vitals", old)
			s.Push("tempServers", url(3002), url(3003))
		}, overview.Bad, "infrastructure does not run: 2 servers are queued and will not start.", "make up"},
		{"the writer has ended", func(s *system) {
			s.Push("vitals", vitals(map[string]fleet.Container{"deux_writer_1": {Service: "writer", State: "exited"}}))
		}, overview.Bad, "writer is not running (exited): the stream stands still.", "make up"},
		{"the registry was removed", func(s *system) {
			s.Push("vitals", vitals(map[string]fleet.Container{"deux_registry_1": {}}))
		}, overview.Bad, "registry is away: no push can be deployed.", "make up"},
		{"green is unhealthy", func(s *system) {
			s.Push("vitals", vitals(map[string]fleet.Container{"deux_green_1": {Service: "green", State: "running", Health: "unhealthy"}}))
		}, overview.Bad, "green is unhealthy: nobody reaches the app green.", "make up"},
		{"no server is listed", func(s *system) { s.Remove("servers") }, overview.Bad,
			"No web server is listed: visitors are told to wait.", "make up"},
		{"a server failed", func(s *system) {
			s.Push("failedServers", url(3005))
			s.Push("events", fleet.Event{At: ago(time.Minute), What: fleet.GivenUp, Pool: "web", Server: url(3005), Why: "no space left."})
		}, overview.Warn, "Server 3005 failed: no space left. The page offers to try again or forget it.", "make logs"},
		{"a server failed for a long reason", func(s *system) {
			s.Push("failedServers", url(3005))
			s.Push("events", fleet.Event{At: ago(time.Minute), What: fleet.GivenUp, Pool: "web", Server: url(3005),
				Why: "docker: " + strings.Repeat("failed: ", 100) + "address already in use"})
		}, overview.Warn, "Server 3005 failed: docker: failed: failed: failed: failed: … " + strings.Repeat("failed: ", 11) +
			"address already in use. The page offers to try again or forget it.", "make logs"},
		{"garbage", func(s *system) { s.Push("failedServers", "rm -rf /") }, overview.Warn,
			`"rm -rf /" is not a server and was set aside. The page offers to forget it.`, "make logs"},
		{"the app fails", func(s *system) {
			s.Push("blueServers", url(50200))
			s.Push("failedBlueServers", url(50200))
			s.Push("events", fleet.Event{At: ago(time.Minute), What: fleet.Fails, Pool: "blue", Server: url(50200), Why: "GET / answers 500"})
			s.Push("failedServers", url(3005))
		}, overview.Bad, "The app blue fails: GET / answers 500.", "bin/deploy logs blue"},
		{"the app answers errors", func(s *system) {
			s.Push("greenServers", url(50250))
			s.Push("greenLoad", fleet.Load{At: ago(time.Second), Requests: 30, Statuses: map[string]int{"2xx": 3, "5xx": 27}})
		}, overview.Warn, "The app green answers with errors: 27 of 30 requests in five minutes.", "bin/deploy logs green"},
		{"the disk is nearly full", func(s *system) {
			full := vitals(nil)
			full.Machine.Disk, full.Machine.DiskFree = 100<<30, 9<<30
			s.Push("vitals", full)
		}, overview.Warn, "The disk is nearly full: 9.0 GiB of 100 GiB free.", "docker system df"},
		{"memory is short", func(s *system) {
			full := vitals(nil)
			full.Machine.Memory, full.Machine.Available = 2000<<20, 90<<20
			s.Push("vitals", full)
		}, overview.Warn, "Memory is low: 90 MiB of 2.0 GiB free.", "docker stats"},
		{"Redis is full", func(s *system) { s.ConfigSet(s.t.Context(), "maxmemory", "1") }, overview.Bad,
			"Redis is full: no spawns, no destroys, no uploads. Look at pictures (/meow), or raise REDIS_MEMORY and run make up.", ""},
		{"a spawn is under way", func(s *system) { s.Push("spawningServers", url(3002)) }, overview.Busy, "1 server is starting.", ""},
		{"a push is under way", func(s *system) {
			s.Push("greenDeploy", fleet.Step{At: ago(time.Second), Push: ago(3 * time.Second), What: "push", Step: "Building", State: fleet.StepBegun})
		}, overview.Busy, "A push to green is under way: building.", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			s.well()
			test.spoil(s)
			got := s.look().Verdict
			if want := (overview.Problem{Level: test.level, What: test.what, Do: test.do}); got != want {
				t.Errorf("got %v %q %q, want %v %q %q", got.Level, got.What, got.Do, want.Level, want.What, want.Do)
			}
		})
	}
}

func TestCards_SayWhereAServerIsSinceWhenAndWhy(t *testing.T) {
	s := open(t)
	s.well()
	serving, lost := ago(8*time.Second), ago(7*time.Second)
	s.Push("events",
		fleet.Event{At: ago(9 * time.Second), What: fleet.Serving, Pool: "blue", Server: url(3001)},
		fleet.Event{At: serving, What: fleet.Serving, Pool: "web", Server: url(3001)},
		fleet.Event{At: lost, What: fleet.Lost, Pool: "web", Server: url(3002), Why: "no answer"},
		fleet.Event{At: ago(6 * time.Second), What: fleet.Drained, Pool: "web", Server: url(3001)})
	s.Push("spawningServers", url(3002))
	s.Push("deleteServers", url(3001))
	s.Push("destroyingServers", url(3003), url(3004))
	s.Push("drainServers", url(3003))
	columns := map[int]overview.Column{3000: overview.Serving, 3001: overview.Serving, 3002: overview.Starting,
		3003: overview.Draining, 3004: overview.Leaving}
	for _, card := range s.look().Pools[0].Cards {
		if card.Column != columns[card.Port] {
			t.Errorf("%d: got %s, want %s", card.Port, card.Column, columns[card.Port])
		}
		if card.Port == 3002 && (card.Why != "no answer" || !card.Since.Equal(lost)) {
			t.Errorf("3002: got since %v, %q, want 7 s ago, no answer", card.Since, card.Why)
		}
		if card.CanGo() {
			t.Errorf("%d can be destroyed, want none: the first, and those that go already", card.Port)
		}
	}
	s.Remove("deleteServers")
	if card := s.look().Pools[0].Cards[1]; !card.CanGo() || !card.Since.Equal(serving) {
		t.Errorf("got %+v, want that it can be destroyed and serves for 8 s", card)
	}
}

func TestReader_ReadsTheWholeJournalsOnceAndThenTheNews(t *testing.T) {
	s := open(t)
	s.well()
	event := func(i int) fleet.Event {
		return fleet.Event{At: ago(time.Minute), What: fleet.Wanted, Pool: "web", Server: url(3001 + i)}
	}
	for i := range 40 {
		s.Push("events", event(i))
		s.Push("webLoad", fleet.Load{At: ago(time.Duration(100-i) * time.Second), Requests: 1})
	}
	s.look()
	s.Push("events", event(40))
	s.Push("webLoad", fleet.Load{At: ago(time.Second), Requests: 1})
	o := s.look()
	if len(o.Events) != 41 || o.Events[0].Server != url(3041) || o.Pools[0].Traffic.Requests != 41 {
		t.Errorf("after news: got %d events and %d requests, want 41 and 41", len(o.Events), o.Pools[0].Traffic.Requests)
	}
	if len(s.depths) != 2 || s.depths[0] != (fleet.Depth{}) || s.depths[1].Events == 0 || s.depths[1].Loads == 0 {
		t.Errorf("looks: got %v, want a deep one and one for the news", s.depths)
	}
}

func TestReader_ReadsTheWholeAgainAfterMoreNewsThanExpectedAndAfterAFlush(t *testing.T) {
	s := open(t)
	s.well()
	s.Push("events", fleet.Event{At: ago(time.Minute), What: fleet.Wanted, Pool: "web", Server: url(3001)})
	s.look()
	for i := range 60 {
		s.Push("events", fleet.Event{At: ago(time.Second), What: fleet.Wanted, Pool: "web", Server: url(3002 + i)})
	}
	if got := len(s.look().Events); got != 61 {
		t.Errorf("after 60 more: got %d events, want 61", got)
	}
	s.Remove("events")
	if got := len(s.look().Events); got != 0 {
		t.Errorf("after a flush: got %d events, want none", got)
	}
}

func TestPush_IsItsStepsEachInItsLastState(t *testing.T) {
	s := open(t)
	s.well()
	before, now := ago(time.Hour), ago(10*time.Second)
	step := func(push time.Time, name string, state fleet.StepState) fleet.Step {
		return fleet.Step{At: ago(time.Second), Push: push, What: "push", Revision: "r", Step: name, State: state}
	}
	s.Push("blueDeploy", step(before, "Building", fleet.StepDone),
		fleet.Step{At: before, Push: before, State: fleet.StepDone, Held: "newest", Running: &fleet.Release{Revision: "old"}, Releases: []fleet.Release{{Revision: "newest", Newer: true}, {Revision: "old"}, {Revision: "older"}}},
		step(now, "Building", fleet.StepDone), step(now, "Pushing", fleet.StepBegun))
	blue := s.look().Pools[1]
	if push := blue.Push; push == nil || len(push.Steps) != 2 || push.Now() != "Pushing" || push.IsOver() || !push.IsNews() {
		t.Errorf("got %+v, want two steps, the last Pushing", blue.Push)
	}
	if blue.Release == nil || blue.Release.Revision != "old" || blue.Held != "newest" ||
		len(blue.Earlier) != 1 || blue.Earlier[0].Revision != "older" || len(blue.Newer) != 1 || blue.Newer[0].Revision != "newest" {
		t.Errorf("got %v after %v and before %v with %q held, want old after older, and newest newer and held", blue.Release, blue.Earlier, blue.Newer, blue.Held)
	}
	s.Push("blueDeploy", fleet.Step{At: ago(0), Push: now, State: fleet.StepFailed, Why: "no Dockerfile"})
	if push := s.look().Pools[1].Push; !push.IsOver() || !push.Failed() || push.Why != "no Dockerfile" || len(push.Steps) != 2 {
		t.Errorf("got %+v, want that it failed", push)
	}
}
