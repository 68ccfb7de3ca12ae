package e2e

import (
	"slices"
	"strings"

	"deux/internal/fleet"
)

// journalOf returns the colour's journal, newest first.
func (s *system) journalOf(colour string) []fleet.Step {
	s.t.Helper()
	lists := fleet.Open(fleet.Redis{Address: s.redis.Address}, fleet.Site{Host: s.env["HOST_IP"], First: 1})
	defer lists.Close()
	seen, err := lists.Snapshot(s.t.Context(), fleet.Depth{})
	if err != nil {
		s.t.Fatal(err)
	}
	return seen.Deploys[colour]
}

func journalTellsOfPushes(s *system) {
	w := s.work("one")
	w.deployed("blue")
	good := w.head()
	told := s.journalOf("blue")[:13]
	var names []string
	for _, step := range slices.Backward(told) {
		names = append(names, step.Step)
		if step.State != fleet.StepDone || step.Revision != good || step.Subject != "behaviour" || step.What != "push" || step.By == "" {
			s.t.Errorf("a push: got %+v, want it done, with its commit", step)
		}
	}
	if want := "work-tree checkout build tag push pull run health switch stop remove remove-image "; strings.Join(names, " ") != want {
		s.t.Errorf("a push: got the steps %q, want %q and the end", names, want)
	}
	if end := told[0]; end.Running == nil || end.Running.Revision != good || end.Running.Digest != end.Digest || end.Ms == 0 {
		s.t.Errorf("the end of a push: got %+v, want what runs", end)
	}

	const printed = "canary-5f3b9a"
	w.commit("Dockerfile", "FROM debian:bookworm-slim\nRUN printf 'canary-%s\\n' 5f3b9a && false\n")
	w.refused("DEPLOY FAILED blue build "+w.head(), "", "blue", "main")
	told = s.journalOf("blue")
	if end := told[0]; end.State != fleet.StepFailed || !strings.HasPrefix(end.Why, "build: ") || end.Running == nil || end.Running.Revision != good {
		s.t.Errorf("the end of a push that was refused: got %+v, want why, and that %s still runs", end, good)
	}
	if text := strings.Join(s.redis.Elements("blueDeploy"), "\n"); strings.Contains(text, printed) {
		s.t.Errorf("the journal has what a build printed: %s", text)
	}

	s.redis.Remove("blueDeploy")
	s.deploy("restore", "blue")
	if told = s.journalOf("blue"); len(told) != 1 || told[0].Running == nil || told[0].Running.Revision != good {
		s.t.Errorf("after the journal was lost: got %+v, want what runs", told)
	}
	s.t.Logf("as redis-cli shows it:\n%s", strings.Join(s.redis.Elements("blueDeploy"), "\n"))
}
