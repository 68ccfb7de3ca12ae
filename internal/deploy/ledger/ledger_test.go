package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tamper gives a file of the ledger other content than the ledger would.
func tamper(t *testing.T, l *Ledger, file, content string) {
	t.Helper()
	if err := os.WriteFile(l.Path(file), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLedger_ThatWasNotMadeSaysWhatMakesIt(t *testing.T) {
	l := At(filepath.Join(t.TempDir(), "blue.git"))
	_, locked := l.Lock(t.Context(), Process{}, func() { t.Error("it waits for a lock that cannot be") })
	for what, err := range map[string]error{"Check": l.Check(), "Lock": locked} {
		if err == nil || !strings.Contains(err.Error(), "no such file") || !strings.HasSuffix(err.Error(), ": make deploy-init makes it") {
			t.Errorf("%s: got %v, want that it is missing, and what makes it", what, err)
		}
	}
	if l.HasCurrent() || l.IsDown() || l.LastPort() != 0 || l.Volumes() != nil {
		t.Error("it says something")
	}
}

func TestLedger_ThatCannotBeOpenedIsNotSaidToBeMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blue.git")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := At(path)
	_, locked := l.Lock(t.Context(), Process{}, func() { t.Error("it waits for a lock that cannot be") })
	for what, err := range map[string]error{"Check": l.Check(), "Lock": locked} {
		if err == nil || !strings.HasSuffix(err.Error(), "not a directory") {
			t.Errorf("%s: got %v, want why and no more", what, err)
		}
	}
}

// A damaged file must not pass for one that is not there: the app would be taken
// off the lists, come up though it is down, or start without its data.
func TestLedger_RefusesADamagedFileAndSaysWhatToDo(t *testing.T) {
	for _, test := range []struct{ file, advice string }{
		{currentFile, "push or bin/deploy forward runs the app again"},
		{downFile, "bin/deploy down ends the app again"},
		{volumesFile, "bin/deploy volume add gives the app its volumes again, before the next push"},
	} {
		for _, content := range []string{"", "{\"revision\":\"4995", "\x00\x00\x00\x00", "{}", "0"} {
			l := made(t)
			if err := l.Check(); err != nil {
				t.Fatalf("an empty ledger: %v", err)
			}
			tamper(t, l, test.file, content)
			want := l.Path(test.file) + " is damaged: copy it from a backup, or remove it, and then " + test.advice
			if err := l.Check(); err == nil || err.Error() != want {
				t.Errorf("%s with %q: got %v, want %s", test.file, content, err, want)
			}
		}
	}
	for file, content := range map[string]string{currentFile: "[]", downFile: "null", volumesFile: `{"name":"data"}`} {
		l := made(t)
		tamper(t, l, file, content)
		if err := l.Check(); err == nil || !strings.Contains(err.Error(), " is damaged: ") {
			t.Errorf("%s with %s: got %v, want that it is damaged", file, content, err)
		}
	}
	l := made(t)
	if err := errors.Join(l.SetVolumes(nil), l.MeanDown(), l.SetCurrent(&Deployment{Record: run(1, "", "a")})); err != nil || l.Check() != nil {
		t.Errorf("what it wrote itself: got %v, %v, want nothing", err, l.Check())
	}
	l = made(t)
	if err := os.Mkdir(l.Path(currentFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a file that cannot be read: got %v, want why", err)
	}
}

func TestLedger_DoesWithoutADamagedFileThatTheNextPushWritesAgain(t *testing.T) {
	l := made(t)
	tamper(t, l, portFile, "5020x")
	tamper(t, l, underWayFile, "{\"revision\":\"4995")
	if p, under := l.UnderWay(); under || l.LastPort() != 0 || l.Check() != nil {
		t.Errorf("got %+v under way, port %d, %v, want none of the three", p, l.LastPort(), l.Check())
	}
	if err := l.Save(&Deployment{Step: "build"}); err != nil {
		t.Fatal(err)
	}
	if p, under := l.UnderWay(); !under || p.Step != "build" {
		t.Errorf("after the next push: got %+v, %v, want it under way", p, under)
	}
}

// fullDisk fails as a disk does that has no room left.
type fullDisk struct{}

func (fullDisk) Replace(string, []byte, os.FileMode) error { return syscall.ENOSPC }
func (fullDisk) Append(string, []byte, os.FileMode) error  { return syscall.ENOSPC }
func (fullDisk) Remove(string) error                       { return syscall.ENOSPC }

func TestLedger_ReturnsThatAChangeFailedAndKeepsWhatWasThere(t *testing.T) {
	l := made(t)
	p := &Deployment{Record: run(1, "", "a"), Git: ProcessOf(os.Getpid())}
	for _, err := range []error{l.Save(p), l.SetCurrent(p), l.MeanDown(), l.SetLastPort(50201), l.SetVolumes(Volumes{{Name: "data"}}), l.Append(p.Record)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	full := l.On(fullDisk{})
	for what, err := range map[string]error{
		"Save": full.Save(p), "SetCurrent": full.SetCurrent(p), "MeanDown": full.MeanDown(), "MeanUp": full.MeanUp(), "SetLastPort": full.SetLastPort(1),
		"SetVolumes": full.SetVolumes(nil), "Append": full.Append(run(2, Deployed, "b")), "End": full.End(p), "Drop": full.Drop(),
	} {
		if err == nil {
			t.Errorf("%s on a full disk: got nil, want an error", what)
		}
	}
	past, _ := full.History()
	if _, under := full.UnderWay(); !under || !full.HasCurrent() || !full.IsDown() || full.LastPort() != 50201 || len(full.Volumes()) != 1 || len(past) != 1 {
		t.Errorf("got %v under way, current %v, down %v, port %d, volumes %v, history %v, want all as before",
			under, full.HasCurrent(), full.IsDown(), full.LastPort(), full.Volumes(), past)
	}
}
