package stream

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// logbook is a log that tests can read.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logbook) count(event string) int { return strings.Count(l.String(), event) }

func newLog() (*slog.Logger, *logbook) {
	book := new(logbook)
	return slog.New(slog.NewTextHandler(book, nil)), book
}

var wholeLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ The [a-z ]+\d+ [a-z ]+\.$`)

// checkWhole fails the test unless text is one or more of the writer's lines,
// each with its end, and nothing else.
func checkWhole(t *testing.T, text []byte, end string) {
	t.Helper()
	body, found := strings.CutSuffix(string(text), end)
	if !found {
		t.Errorf("got %d bytes that end in %q, want an end of %q", len(text), text[max(0, len(text)-30):], end)
		return
	}
	for line := range strings.SplitSeq(body, end) {
		if !wholeLine.MatchString(line) {
			t.Errorf("got line %q, want one that matches %s", line, wholeLine)
			return
		}
	}
}

func wantErrorWith(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("got error %v, want one with %q", err, part)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
