package deploy

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestRecord_FitsTheTerminal(t *testing.T) {
	r := record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Revision: "4995c8f1d3b0", Who: "margarete@192.0.2.7",
		Subject: "Sort the visitors by the time of their last visit", Result: rolledBack,
		Steps: []stepTime{{"build", 1.25}, {"push", 0.5}},
	}
	for width, want := range map[int]string{
		80:  "2026-01-02 03:04 ROLLED BACK 4995c8f   1.8 s margare… Sort the visitors by the …",
		200: "2026-01-02 03:04 ROLLED BACK 4995c8f   1.8 s margare… Sort the visitors by the time of their last visit",
		20:  "2026-01-02 03:04 RO…",
	} {
		if got := r.brief(width); got != want {
			t.Errorf("in %d columns: got\n%q, want\n%q", width, got, want)
		}
	}
	r.Why, r.Result, r.Changes = "health: the container ended with exit code 1", failed, []string{"+A", "-B"}
	want := "2026-01-02 03:04 FAILED      4995c8f   1.8 s margare… +A -B\n    health: the container ended with exit code 1"
	if got := r.brief(80); got != want {
		t.Errorf("a failure: got\n%q, want\n%q", got, want)
	}
}

func TestRepository_KnowsTheSubjectOfARevision(t *testing.T) {
	dir := t.TempDir()
	git := func(arguments ...string) string {
		output, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=Ann", "-c", "user.email=ann@localhost"}, arguments...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", arguments, err, output)
		}
		return strings.TrimSpace(string(output))
	}
	git("init", "--quiet")
	git("commit", "--quiet", "--allow-empty", "--message", "One line\n\nand more")
	r := repository{dir + "/.git"}
	for revision, want := range map[string]string{
		git("rev-parse", "HEAD"): "One line", strings.Repeat("a", 40): "", neverDeployed: "",
	} {
		if got := r.subject(t.Context(), revision); got != want {
			t.Errorf("%s: got %q, want %q", revision, got, want)
		}
	}
}
