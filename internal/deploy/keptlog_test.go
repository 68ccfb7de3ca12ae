package deploy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/keptlog"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

func TestKeepLog_OfAContainerThatIsAboutToBeRemoved(t *testing.T) {
	const text, warning = "2026-01-02T03:00:00Z hello\n", "warning: keeping the log of FIRST: "
	lost := errors.New("unexpected EOF")
	for _, test := range []struct {
		what       string
		state      engine.State
		unknown    error // the state
		prints     string
		broken     error
		kind, says string // no kind: nothing is kept
	}{
		{"that had the requests", engine.State{Kept: true}, nil, text, nil, keptlog.Ran, ""},
		{"a candidate", engine.State{}, nil, text, nil, keptlog.Failed, ""},
		{"that Docker says nothing of", engine.State{}, lost, text, nil, keptlog.Ran, ""},
		{"that is gone", engine.State{}, fmt.Errorf("looking: %w", engine.ErrNoContainer), text, nil, "", ""},
		{"that printed nothing", engine.State{Kept: true}, nil, "", nil, "", ""},
		{"whose log breaks off", engine.State{Kept: true}, nil, text, lost, keptlog.Ran, warning + "unexpected EOF\n"},
	} {
		t.Run(test.what, func(t *testing.T) {
			l := looks(t)
			l.docker.state, l.docker.unknown = test.state, test.unknown
			l.docker.prints = func(_ string, _ time.Time, out io.Writer) error {
				_, _ = io.WriteString(out, test.prints)
				return test.broken
			}
			l.keepLog(t.Context(), "c0ffee", l.commits[0])
			var kind, content string
			for _, log := range l.keptLogs().All() {
				read, _ := os.ReadFile(log.Path)
				kind, content = kind+log.Kind, content+string(read)
			}
			if kind != test.kind || kind != "" && content != text {
				t.Errorf("got %q as %q, want %q as %q", content, kind, text, test.kind)
			}
			if got := l.text(); got != test.says {
				t.Errorf("says %q, want %q", got, test.says)
			}
		})
	}
}

func TestKeepLog_KeepsTheLastMebibyte(t *testing.T) {
	const most = 1 << 20
	l := looks(t)
	l.docker.prints = func(_ string, _ time.Time, out io.Writer) error {
		for i := range 40 {
			fmt.Fprintf(out, "%02d %s\n", i, strings.Repeat("x", 1<<16))
		}
		return nil
	}
	l.keepLog(t.Context(), "c0ffee", l.commits[0])
	kept := l.keptLogs().All()
	if len(kept) != 1 {
		t.Fatalf("got %v, want one", kept)
	}
	content, err := os.ReadFile(kept[0].Path)
	if err != nil || len(content) > most || len(content) < most-1<<17 || !strings.HasPrefix(string(content), "25 x") {
		t.Errorf("got %d bytes that start with %.4q, %v, want at most %d, from the start of line 25", len(content), content, err, most)
	}
}

func TestKeepLog_ThatFailsIsAWarning(t *testing.T) {
	l := looks(t)
	l.runs(true)
	if err := os.WriteFile(l.ledger.Path(ledger.Logs), nil, 0o644); err != nil { // where the folder is to be
		t.Fatal(err)
	}
	l.keepLog(t.Context(), "c0ffee", l.commits[0])
	if got := l.text(); !strings.HasPrefix(got, "warning: keeping the log of FIRST: ") || !strings.Contains(got, "not a directory") {
		t.Errorf("got %q, want why it is not kept", got)
	}
}
