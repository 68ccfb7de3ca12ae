package supervisor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

// long is a log that has to be shortened.
var long = strings.Repeat("0123456789abcde\n", maxLog>>4)

func TestLog_ThatIsTooLongBecomesTheOlderOneWhileItsWritersGoOn(t *testing.T) {
	s := supervised(t.TempDir())
	err := os.MkdirAll(s.Dir, 0o755)
	log, failure := s.openLog()
	if err := errors.Join(err, failure); err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, test := range []struct{ written, kept, older string }{
		{"short", "short", ""}, {long, "", "short" + long}, {"after", "after", "short" + long}, {long, "", "after" + long},
	} {
		_, err := log.WriteString(test.written)
		if err := errors.Join(err, s.shortenLog()); err != nil {
			t.Fatal(err)
		}
		kept, _ := os.ReadFile(s.path(logFile))
		older, _ := os.ReadFile(s.path(olderLogFile))
		if string(kept) != test.kept || string(older) != test.older {
			t.Errorf("after %.10q: got %d bytes and %d in the older one, want %d and %d", test.written, len(kept), len(older), len(test.kept), len(test.older))
		}
	}
}

func TestSupervise_KeepsTheLogShort(t *testing.T) {
	h := newHost(t)
	s := supervised(h.dir)
	if err := errors.Join(os.MkdirAll(s.Dir, 0o755), os.WriteFile(s.path(logFile), []byte(long), 0o644)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Supervise(ctx, slog.New(slog.NewTextHandler(io.Discard, nil))) }()
	for end := time.Now().Add(patience); size(s.path(logFile)) > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if log, older := size(s.path(logFile)), size(s.path(olderLogFile)); log != 0 || older != maxLog {
		t.Errorf("got %d bytes, and %d in the older one, want 0 and %d", log, older, maxLog)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// size returns that of a file, or -1.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}
