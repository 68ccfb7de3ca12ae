package overview_test

import (
	"testing"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// versioned has the vitals say which versions the first server and those on the
// ports after it run; none for "".
func (s *system) versioned(first string, others ...string) {
	containers := map[string]fleet.Container{"deux_webapp_1": {Service: fleet.FirstService, Version: first, State: "running", Health: "healthy"}}
	for i, version := range others {
		containers[site.Server(3001+i).Container()] = fleet.Container{Version: version, State: "running"}
	}
	s.Push("vitals", vitals(containers))
}

func TestRenewal_IsInTheVerdictUntilNoServerRunsAnotherVersionThanTheFirst(t *testing.T) {
	for _, test := range []struct {
		name   string
		first  string
		others []string
		spoil  func(*system)
		want   string
	}{
		{"one was renewed", "new", []string{"new", "old", "old"}, func(*system) {},
			"Renewing: 2 of 4 web servers still run the code or settings from before."},
		{"one is being renewed", "new", []string{"new", "old", "old"}, func(s *system) {
			s.Remove("servers")
			s.Push("servers", url(3000), url(3001), url(3002))
			s.Push("spawningServers", url(3003))
		}, "Renewing: 2 of 4 web servers still run the code or settings from before."},
		{"the last", "new", []string{"new", "new", "old"}, func(*system) {},
			"Renewing: 1 of 4 web servers still runs the code or settings from before."},
		{"one leaves", "new", []string{"new", "new", "old"}, func(s *system) {
			s.Remove("servers")
			s.Push("servers", url(3000), url(3001), url(3002))
			s.Push("destroyingServers", url(3003))
		}, "1 server is leaving."},
		{"one has just started", "new", []string{"new", "new", ""}, func(*system) {}, "All is well: 4 web servers serve."},
		{"the first server's version is not known", "", []string{"old", "old", "old"}, func(*system) {}, "All is well: 4 web servers serve."},
		{"nobody has looked yet", "new", []string{"old", "old", "old"}, func(s *system) { s.Remove("vitals") },
			"infrastructure does not run: no spawns, no destroys, no repairs."},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			s.Push("servers", url(3000), url(3001), url(3002), url(3003))
			s.versioned(test.first, test.others...)
			test.spoil(s)
			if got := s.look().Verdict; got.What != test.want || got.Level >= overview.Warn && test.name != "nobody has looked yet" {
				t.Errorf("got %v %q, want %q", got.Level, got.What, test.want)
			}
		})
	}
}

func TestRenewal_DoesNotClaimToGoOnWhileAServerHasFailed(t *testing.T) {
	s := open(t)
	s.Push("servers", url(3000), url(3001))
	s.Push("failedServers", url(3002))
	s.versioned("new", "old")
	problems := s.look().Problems
	if want := "1 of 2 web servers still runs the code or settings from before."; len(problems) != 2 || problems[1].What != want {
		t.Errorf("got %q, want second %q", problems, want)
	}
}
