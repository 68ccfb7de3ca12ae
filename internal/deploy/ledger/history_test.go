package ledger

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// made returns an empty ledger.
func made(t *testing.T) *Ledger {
	t.Helper()
	l := At(t.TempDir())
	if err := l.Make(); err != nil {
		t.Fatal(err)
	}
	return l
}

func at(second int64) time.Time { return time.Unix(1_000_000+second, 0) }

func run(second int64, result, digest string) Record {
	return Record{Time: at(second).UTC(), Built: at(second).UTC(), Ref: "refs/heads/main", Revision: "r" + digest, Digest: digest, Who: "me", Result: result}
}

func digests(all []Record) string {
	var names []string
	for _, r := range all {
		names = append(names, r.Digest)
	}
	return strings.Join(names, " ")
}

func TestReleases_AreTheLastThatRanEachImageOnce(t *testing.T) {
	all := []Record{
		run(1, Deployed, "a"), run(2, Deployed, "b"), run(3, Failed, "x"), run(4, Failed, ""),
		run(5, Deployed, "c"), run(6, RolledBack, "b"), run(7, Deployed, "d"),
	}
	for keep, want := range map[int]string{1: "d", 2: "d b", 3: "d b c", 5: "d b c a"} {
		if got := digests(Releases(all, keep)); got != want {
			t.Errorf("the last %d: got %q, want %q", keep, got, want)
		}
	}
}

func TestMovedRef_IsAPushThatRanOrThatItsRefStillHolds(t *testing.T) {
	rollback := run(1, Failed, "a")
	rollback.Aim = RolledBack
	stored := run(1, Configured, "a")
	stored.Ref = ""
	for _, test := range []struct {
		r     Record
		holds string
		want  bool
	}{
		{run(1, Deployed, "a"), "rb", true}, {run(1, Forwarded, "a"), "rb", true},
		{run(1, RolledBack, "a"), "ra", false}, {run(1, Restored, "a"), "ra", false}, {stored, "", false},
		{run(1, Failed, "a"), "ra", true}, {run(1, Failed, "a"), "rb", false}, {rollback, "ra", false},
	} {
		if got := test.r.MovedRef(test.holds); got != test.want {
			t.Errorf("%s that aims at %q, while its ref holds %s: got %v", test.r, test.r.Aim, test.holds, got)
		}
	}
}

func TestHistory_PassesOverAHalfLine(t *testing.T) {
	l := made(t)
	if all, err := l.History(); err != nil || len(all) != 0 {
		t.Fatalf("before the first push: got %v, %v, want nothing", all, err)
	}
	if err := l.Append(run(1, Deployed, "a")); err != nil {
		t.Fatal(err)
	}
	for _, next := range []struct{ digest, half string }{{"b", "{\"time\":\"20"}, {"c", "{\"time\":\"20\n"}} { // a full disk leaves no line end
		tear(t, l, next.half)
		if err := l.Append(run(2, Deployed, next.digest)); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := l.History(); err != nil || digests(all) != "a b c" {
		t.Errorf("got %q, %v, want all three whole lines", digests(all), err)
	}
}

// tear leaves half a record at the end of the history.
func tear(t *testing.T, l *Ledger, half string) {
	t.Helper()
	file, err := os.OpenFile(l.Path(historyFile), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(half)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestHistory_ShowsWhatFollowsAVeryLongRecord(t *testing.T) {
	l, long := made(t), run(1, Failed, "a")
	long.Subject = strings.Repeat("x", 1<<17)
	for _, r := range []Record{long, run(2, Deployed, "b")} {
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := l.History(); err != nil || digests(all) != "a b" || all[0].Subject != long.Subject {
		t.Errorf("got %q, %v, want the long one and the one after it", digests(all), err)
	}
}

func TestRecord_IsOneLineOfFieldsThatTwoSpacesSeparate(t *testing.T) {
	r := Record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Revision: "4995c8f", Digest: "sha256:8553", Who: "ann@192.0.2.7",
		Steps: []StepTime{{"build", 1.25}, {"push", 0.5}}, Result: Failed, Why: "push: no",
	}
	start := "2026-01-02T03:04:05Z  FAILED  4995c8f  sha256:8553  ann@192.0.2.7  build=1.25  push=0.50  total=1.75"
	if got, want := r.String(), start+"  why: push: no"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	r.Subject, r.Why = "Sort  the visitors\tby time", ""
	if got, want := r.String(), start+"  subject: Sort the visitors by time"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	bare := Record{Time: r.Time, Revision: "4995c8f", Who: "ann", Result: RolledBack, Changes: []string{"+A", "-B"}}
	if got, want := bare.String(), "2026-01-02T03:04:05Z  ROLLED-BACK  4995c8f  -  ann  +A  -B  total=0.00"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestHistory_HasADeploymentOnceThoughItIsAppendedTwice(t *testing.T) {
	first := run(1, Deployed, "a")
	later, otherEnd, configured := run(2, Deployed, "a"), run(1, Failed, "a"), run(1, Deployed, "a")
	configured.Changes = []string{"+A"}
	for _, test := range []struct {
		what string
		next Record
		want int
	}{
		{"the same", first, 1}, {"a later one", later, 2}, {"one with another end", otherEnd, 2}, {"one that was configured", configured, 2},
	} {
		l := made(t)
		for _, r := range []Record{first, test.next} {
			if err := l.Append(r); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := l.History(); err != nil || len(all) != test.want {
			t.Errorf("%s: got %v, %v, want %d records", test.what, all, err, test.want)
		}
	}
}

// Why a push failed may quote the app or its build, and so a secret.
func TestHistory_IsReadableByItsOwnerAlone(t *testing.T) {
	tightens := func(what string, l *Ledger, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(l.Path(historyFile)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", what, info, err)
		}
	}
	l := made(t)
	tightens("new", l, func() error { return l.Append(run(1, Failed, "a")) })
	for what, do := range map[string]func() error{
		"one of an older version, appended to":      func() error { return l.Append(run(2, Failed, "b")) },
		"one of an older version, at the next init": l.Make,
	} {
		if err := os.Chmod(l.Path(historyFile), 0o644); err != nil {
			t.Fatal(err)
		}
		tightens(what, l, do)
	}
	if err := l.AppendTo(Layers, []byte("line\n")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(l.Path(Layers)); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("another file: got %v, %v, want mode 0644", info, err)
	}
}

func TestHistory_ThatCannotBeReadOrWrittenSaysSo(t *testing.T) {
	l := made(t)
	if err := os.Mkdir(l.Path(historyFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if all, err := l.History(); err == nil || !strings.HasPrefix(err.Error(), "reading the history: ") {
		t.Errorf("read: got %v, %v, want an error", all, err)
	}
	if err := l.Append(run(1, Deployed, "a")); err == nil || !strings.HasPrefix(err.Error(), "writing the history: ") {
		t.Errorf("written: got %v, want an error", err)
	}
}
