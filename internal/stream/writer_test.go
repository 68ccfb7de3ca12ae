package stream

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func stamps(text string) (stamps []string) {
	for line := range strings.Lines(text) {
		stamp, _, _ := strings.Cut(line, " ")
		stamps = append(stamps, stamp)
	}
	return stamps
}

// startWriter runs a writer in a bubble of package synctest, where the clock
// starts on January 1st 2000, until the test ends.
func startWriter(t *testing.T, dir string) (*Writer, *logbook) {
	log, book := newLog()
	writer, err := NewWriter(WriterConfig{DataDir: dir, Interval: 2 * time.Minute, KeepBytes: 1024}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { writer.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return writer, book
}

// pass lets time pass, and what happens at its end.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestWriter_WritesTheFirstLineAtOnceAndOneMoreEveryInterval(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		writer, _ := startWriter(t, dir)
		got := stamps(content(t, writer.file))
		if want := "2000-01-01T00:00:00Z"; len(got) != 1 || got[0] != want {
			t.Errorf("at the start: got lines of %q, want %q", got, want)
		}
		pass(6*time.Minute + time.Second)
		got = stamps(content(t, writer.file))
		want := "2000-01-01T00:00:00Z 2000-01-01T00:02:00Z 2000-01-01T00:04:00Z 2000-01-01T00:06:00Z"
		if strings.Join(got, " ") != want {
			t.Errorf("after 6 minutes: got lines of %q, want %q", got, want)
		}
		checkWhole(t, []byte(content(t, writer.file)), "\n")
	})
}

func TestWriter_LogsALineThatIsLostAndWritesTheNext(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		writer, book := startWriter(t, dir)
		must(t, os.Remove(writer.file.path))
		must(t, os.Mkdir(writer.file.path, 0o700))
		pass(2 * time.Minute)
		if got := book.count("Line lost"); got != 1 {
			t.Errorf("got %d lines lost in the log, want 1:\n%s", got, book)
		}
		must(t, os.Remove(writer.file.path))
		pass(2 * time.Minute)
		if got, want := stamps(content(t, writer.file)), "2000-01-01T00:04:00Z"; len(got) != 1 || got[0] != want {
			t.Errorf("got lines of %q, want one of %q", got, want)
		}
	})
}

func TestWriter_DoesNotStartWithoutItsDirectory(t *testing.T) {
	log, _ := newLog()
	_, err := NewWriter(WriterConfig{DataDir: t.TempDir() + "/missing", Interval: time.Minute, KeepBytes: 1024}, log)
	wantErrorWith(t, err, "DATA_DIR")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error that says it does not exist", err)
	}
}

func TestRandomLine_DiffersEachTime(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		line := randomLine(time.Now())
		checkWhole(t, []byte(line+"\n"), "\n")
		seen[line[len(time.RFC3339):]] = true
	}
	if len(seen) < 990 {
		t.Errorf("got %d different lines of 1000, want nearly all", len(seen))
	}
}
