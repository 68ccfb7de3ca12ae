package keptlog

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// disk is the host's files.
type disk struct{}

func (disk) MakeFolder(path string, mode fs.FileMode) error { return os.MkdirAll(path, mode) }

func (disk) Write(path string, content []byte, mode fs.FileMode) error {
	return os.WriteFile(path, content, mode)
}

func (disk) Remove(path string) error { return os.Remove(path) }

func TestTail_KeepsTheLastBytesFromTheBeginningOfALine(t *testing.T) {
	kept := &tail{bytes: 30}
	for i := range 1000 {
		fmt.Fprintf(kept, "line %d\n", i)
	}
	if got, want := string(kept.lines()), "line 997\nline 998\nline 999\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	short := &tail{bytes: 30}
	fmt.Fprint(short, "all\nof it")
	if got := string(short.lines()); got != "all\nof it" {
		t.Errorf("got %q, want all of it", got)
	}
}

func TestKeptLogs_AreTheLastFewOfEachKindForTheOwnerAlone(t *testing.T) {
	folder := In(filepath.Join(t.TempDir(), "logs"), disk{})
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for i := range 20 {
		kind := []string{Ran, Failed, Failed, Failed}[i%4]
		if err := folder.Write(fmt.Sprintf("%02d", i), kind, start.Add(time.Duration(i)*time.Second), []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	if err := folder.Write("silent", Ran, start, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, log := range folder.All() {
		got = append(got, log.Revision)
		if info, err := os.Stat(log.Path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", log.Path, info, err)
		}
	}
	if want := "00 04 08 12 14 15 16 17 18 19"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want the last five of each kind", got)
	}
}

func TestKeptLogs_PassOverWhatIsNotTheirs(t *testing.T) {
	dir := t.TempDir()
	folder := In(dir, disk{})
	for _, name := range []string{"notes.log", "yesterday_4995c8f_ran.log", "20260102T030405.000Z_4995c8f.log", "20260102T030405.000Z_4995c8f_ran.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for second := range mostLogs + 2 {
		if err := folder.Write("4995c8f", Ran, time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC), []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	kept := folder.All()
	if len(kept) != mostLogs || kept[0].Ended != time.Date(2026, 1, 2, 3, 4, 2, 0, time.UTC) || kept[0].Revision != "4995c8f" || kept[0].Kind != Ran {
		t.Errorf("got %+v, want the last %d", kept, mostLogs)
	}
	if left, _ := os.ReadDir(dir); len(left) != mostLogs+4 {
		t.Errorf("got %d files, want those of a person to stay", len(left))
	}
}
