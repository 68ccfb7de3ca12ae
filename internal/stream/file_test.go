package stream

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, dir string, keep int) *file {
	t.Helper()
	f, err := openFile(dir, keep)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func add(t *testing.T, f *file, line string) {
	t.Helper()
	if err := f.add(line); err != nil {
		t.Fatalf("adding %q: %v", line, err)
	}
}

func content(t *testing.T, f *file) string {
	t.Helper()
	text, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantContent(t *testing.T, f *file, want string) {
	t.Helper()
	if got := content(t, f); got != want {
		t.Errorf("got file %q, want %q", got, want)
	}
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got files %q, want %q", got, want)
	}
}

func TestFile_GetsItsLinesAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, 1024)
	add(t, f, "one.")
	add(t, f, "two.")
	wantContent(t, f, "one.\ntwo.\n")
	wantNames(t, dir, FileName)
}

func TestFile_GoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	add(t, open(t, dir, 1024), "before")
	f := open(t, dir, 1024)
	wantContent(t, f, "before\n")
	add(t, f, "after")
	wantContent(t, f, "before\nafter\n")
}

func TestFile_OfSomebodyElseGoesOnFromItsLastLines(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, test := range map[string]struct{ before, want string }{
		"empty":               {"", "new\n"},
		"without a newline":   {"old", "old\nnew\n"},
		"one line, too long":  {long, "new\n"},
		"far too long":        {long + "\nlast\n", "last\nnew\n"},
		"too long by its end": {"a\n" + strings.Repeat("b\n", 512), strings.Repeat("b\n", 510) + "new\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, t.TempDir(), 1024)
			if err := os.WriteFile(f.path, []byte(test.before), 0o600); err != nil {
				t.Fatal(err)
			}
			add(t, f, "new")
			wantContent(t, f, test.want)
		})
	}
}

func TestFile_IsReadableForEveryone(t *testing.T) {
	f := open(t, t.TempDir(), 1024)
	add(t, f, "line")
	info, err := os.Stat(f.path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("got mode %v, %v, want -rw-r--r--", info.Mode(), err)
	}
}

func TestFile_StaysBoundedAndKeepsAllTheNewestLinesThatFit(t *testing.T) {
	const keep = 1024
	f := open(t, t.TempDir(), keep)
	want := ""
	for n := range 200 {
		line := fmt.Sprintf("%d %s", n, strings.Repeat("x", n))
		add(t, f, line)
		want += line + "\n"
		for len(want) > keep {
			_, want, _ = strings.Cut(want, "\n")
		}
		wantContent(t, f, want)
	}
}

func TestLastLines_AreAsManyAsFit(t *testing.T) {
	texts := []string{"", "\n", "\n\n\n", "a\n", "abc\nde\nf\n", "a\nbcdefgh\n", "\n\nab\n\ncd\n"}
	for _, text := range texts {
		for keep := range len(text) + 2 {
			want := text
			for len(want) > keep {
				_, want, _ = strings.Cut(want, "\n")
			}
			if got := lastLines([]byte(text), keep); string(got) != want {
				t.Errorf("lastLines(%q, %d): got %q, want %q", text, keep, got, want)
			}
		}
	}
}

func TestFile_LosesWhatAKilledWriterLeftAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".random-1", ".random-2", ".hidden", "random.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half a li"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".random-dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	add(t, open(t, dir, 1024), "line")
	wantNames(t, dir, ".hidden", ".random-dir", FileName, "random.txt")
}

func TestFile_IsAsItWasAfterALineThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, 1024)
	if err := os.MkdirAll(filepath.Join(f.path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.add("line"); err == nil {
		t.Error("add: got no error, want one: there is a directory called random")
	}
	wantNames(t, dir, FileName)
}

// Readers open the file as fast as they can while it is rewritten as fast as
// it can be: each must get whole lines, and never none.
func TestFile_IsNeverReadHalfWritten(t *testing.T) {
	f := open(t, t.TempDir(), 16<<10)
	add(t, f, randomLine(time.Now()))

	written := make(chan struct{})
	var readers sync.WaitGroup
	var reads [4]int
	for i := range reads {
		readers.Go(func() {
			for reading := true; reading && !t.Failed(); reads[i]++ {
				select {
				case <-written:
					reading = false
				default:
				}
				text, err := os.ReadFile(f.path)
				if err != nil {
					t.Error(err)
					return
				}
				checkWhole(t, text, "\n")
			}
		})
	}
	for range 300 {
		add(t, f, randomLine(time.Now()))
	}
	close(written)
	readers.Wait()
	t.Logf("300 writes, reads by reader: %v", reads)
}

func TestFile_CanBeReadToItsEndInItsOldVersion(t *testing.T) {
	f := open(t, t.TempDir(), 1024)
	add(t, f, "old")
	opened, err := os.Open(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	add(t, f, "new")

	var got bytes.Buffer
	if _, err := got.ReadFrom(opened); err != nil || got.String() != "old\n" {
		t.Errorf("got %q, %v, want the old version", got.String(), err)
	}
}
