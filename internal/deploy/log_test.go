package deploy

import (
	"os"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
)

func TestHistory_BeforeTheFirstPushSaysHowToPush(t *testing.T) {
	l := looks(t)
	if err := l.History(80); err != nil {
		t.Fatal(err)
	}
	if got, want := l.text(), "nothing has been pushed yet: git push blue main\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := l.LongHistory(); err != nil || l.text() != "" {
		t.Errorf("for scripts: got %v, want nothing", err)
	}
}

func TestHistory_IsATableForPeopleAndFieldsForScripts(t *testing.T) {
	l := looks(t)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	for i, r := range []ledger.Record{
		{Result: ledger.Deployed, Digest: "sha256:1", Subject: "First", Steps: []ledger.StepTime{{Step: "build", Seconds: 12.34}}},
		{Result: ledger.Failed, Subject: "Sort the visitors by the time of their last visit", Why: "build: unknown instruction: FORM"},
		{Result: ledger.Forwarded, Digest: "sha256:1", Subject: "First"},
		{Result: ledger.Configured, Digest: "sha256:1", Subject: "First", Changes: []string{"+A", "-B"}},
	} {
		r.Time, r.Revision, r.Who = start.Add(time.Duration(i)*time.Minute), l.commits[i%2], "ann@192.0.2.7"
		if err := l.ledger.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.History(70); err != nil {
		t.Fatal(err)
	}
	want := "WHEN             RESULT      COMMIT     TOOK WHO      WHAT\n" +
		"2026-01-02 03:04 DEPLOYED    1111111  12.3 s ann      First\n" +
		"2026-01-02 03:05 FAILED      2222222   0.0 s ann      Sort the visito…\n" +
		"    build: unknown instruction: FORM\n" +
		"2026-01-02 03:06 FORWARD     1111111   0.0 s ann      First\n" +
		"2026-01-02 03:07 CONFIGURED  2222222   0.0 s ann      +A -B\n"
	if got := l.text(); got != want {
		t.Errorf("for people: got\n%swant\n%s", got, want)
	}
	if err := l.LongHistory(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(l.text(), "\n")
	want = start.Format(time.RFC3339) + "  DEPLOYED  FIRST  sha256:1  ann@192.0.2.7  build=12.34  total=12.34  subject: First"
	if len(lines) != 5 || lines[0] != want || !strings.Contains(lines[2], "  ROLLED-FORWARD  ") {
		t.Errorf("for scripts: got\n%s\nwant four lines, the first %s", strings.Join(lines, "\n"), want)
	}
}

func TestHistory_ThatCannotBeReadIsNotSaidToBeEmpty(t *testing.T) {
	l := looks(t)
	if err := os.Mkdir(l.ledger.Path("history"), 0o755); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"for people": l.History(80), "for scripts": l.LongHistory()} {
		if err == nil || !strings.HasPrefix(err.Error(), "reading the history: ") || l.text() != "" {
			t.Errorf("%s: got %v, want why", what, err)
		}
	}
}
