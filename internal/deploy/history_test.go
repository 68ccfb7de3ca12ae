package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func run(second int64, result, digest string) record {
	return record{Time: at(second).UTC(), Built: at(second).UTC(), Ref: "refs/heads/main", Revision: "r" + digest, Digest: digest, Who: "me", Result: result}
}

func digests(all []record) string {
	var names []string
	for _, r := range all {
		names = append(names, r.Digest)
	}
	return strings.Join(names, " ")
}

func TestReleases_AreTheLastThatRanEachImageOnce(t *testing.T) {
	all := []record{
		run(1, deployed, "a"), run(2, deployed, "b"), run(3, failed, "x"), run(4, failed, ""),
		run(5, deployed, "c"), run(6, rolledBack, "b"), run(7, deployed, "d"),
	}
	for keep, want := range map[int]string{1: "d", 2: "d b", 3: "d b c", 5: "d b c a"} {
		if got := digests(releases(all, keep)); got != want {
			t.Errorf("the last %d: got %q, want %q", keep, got, want)
		}
	}
}

func TestChoose_GoesBackInTimeUnlessARevisionIsNamed(t *testing.T) {
	others := []record{run(30, deployed, "c"), run(10, deployed, "a"), run(20, deployed, "b")}
	for _, test := range []struct {
		running  int64
		revision string
		want     string
	}{{40, "", "c"}, {25, "", "b"}, {20, "", "a"}, {25, "rc", "c"}, {40, "rb", "b"}, {5, "", ""}, {40, "z", ""}} {
		got, err := choose(others, at(test.running), test.revision)
		if got.Digest != test.want || (err == nil) != (test.want != "") {
			t.Errorf("running since %d, asked for %q: got %q, %v, want %q", test.running, test.revision, got.Digest, err, test.want)
		}
	}
}

func TestHistory_PassesOverAHalfLine(t *testing.T) {
	h := history{filepath.Join(t.TempDir(), "history")}
	if all, err := h.read(); err != nil || len(all) != 0 {
		t.Fatalf("before the first push: got %v, %v, want nothing", all, err)
	}
	if err := h.add(run(1, deployed, "a")); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(h.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.path, append(content, "{\"time\":\"20\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := h.add(run(2, deployed, "b")); err != nil {
		t.Fatal(err)
	}
	if all, err := h.read(); err != nil || digests(all) != "a b" {
		t.Errorf("got %q, %v, want both whole lines", digests(all), err)
	}
}

func TestRecord_IsOneLine(t *testing.T) {
	r := record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Revision: "4995c8f", Digest: "sha256:8553", Who: "ann@192.0.2.7",
		Steps: []stepTime{{"build", 1.25}, {"push", 0.5}}, Result: failed, Why: "push: no",
	}
	want := "2026-01-02T03:04:05Z  FAILED  4995c8f  sha256:8553  ann@192.0.2.7  build=1.25  push=0.50  total=1.75  why: push: no"
	if got := r.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
