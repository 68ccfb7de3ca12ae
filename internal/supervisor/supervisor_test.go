package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"deux/internal/program"
)

func TestStart_RunsInASessionOfItsOwnUntilStop(t *testing.T) {
	h := newHost(t)
	supervisor, child := h.started("one")
	for _, pid := range []int{supervisor, child} {
		if session, err := getsid(pid); session != supervisor || err != nil {
			t.Errorf("process %d: got session %d, %v, want %d", pid, session, err, supervisor)
		}
	}
	if said, err := h.stop(); err != nil || said != "==> Stopping infrastructure\n" {
		t.Errorf("stop: got %q, %v", said, err)
	}
	if s := supervised(h.dir); s.IsRunning() || s.isSupervised() {
		t.Error("after stop it still runs")
	}
	h.gone(supervisor, child)
	if said, err := h.stop(); err != nil || said != "" {
		t.Errorf("stop again: got %q, %v, want nothing", said, err)
	}
}

func TestStart_AgainChangesNothing(t *testing.T) {
	h := newHost(t)
	supervisor, child := h.started("one")
	said, err := h.start("one")
	if err != nil || said != "==> Infrastructure runs already\n" {
		t.Errorf("got %q, %v", said, err)
	}
	if h.supervisor() != supervisor || h.child(0) != child {
		t.Error("other processes run than before")
	}
}

func TestStart_ReplacesWhatRunsWhenASettingOrTheProgramChanged(t *testing.T) {
	h := newHost(t)
	other := filepath.Join(t.TempDir(), "other")
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, append(content, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	supervisor, child := h.started("one")
	for _, change := range []struct{ executable, setting string }{{os.Args[0], "two"}, {other, "two"}} {
		said, err := h.startAs(change.executable, change.setting)
		if err != nil || !strings.HasPrefix(said, "==> Replacing infrastructure: its program or settings changed\n==> Stopping infrastructure\n==> Starting ") {
			t.Fatalf("%v: got %q, %v", change, said, err)
		}
		next := h.child(child)
		h.gone(supervisor, child)
		if path, err := os.Readlink("/proc/" + itoa(next) + "/exe"); path != resolved(change.executable) {
			t.Errorf("got %s, %v running, want %s", path, err, change.executable)
		}
		supervisor, child = h.supervisor(), next
	}
}

func TestStart_ManyAtOnceRunOne(t *testing.T) {
	h := newHost(t)
	s := *supervised(h.dir)
	s.Fingerprint = "one"
	t.Setenv(settingVariable, s.Fingerprint)
	var starting, already atomic.Int32
	together(5, func() {
		mine := s
		out := new(strings.Builder)
		mine.Out = out
		if err := mine.Start(t.Context()); err != nil {
			t.Errorf("start: %v", err)
		}
		switch {
		case strings.HasPrefix(out.String(), "==> Starting "):
			starting.Add(1)
		case out.String() == "==> Infrastructure runs already\n":
			already.Add(1)
		}
	})
	if starting.Load() != 1 || already.Load() != 4 {
		t.Errorf("got %d that started it and %d that found it, want 1 and 4", starting.Load(), already.Load())
	}
}

func TestStart_SaysWhatToDoAboutOneThatItDidNotStart(t *testing.T) {
	h := newHost(t)
	s := supervised(h.dir)
	lock, err := program.TakeLock(s.LockFile)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lock.WriteString(itoa(os.Getpid())); err != nil {
		t.Fatal(err)
	}
	if _, err := h.start("one"); err == nil || !strings.Contains(err.Error(), "end it with kill "+itoa(os.Getpid())) || h.supervisor() != 0 {
		t.Errorf("got %v, want that it does not start, and what to type", err)
	}
	if said, err := h.stop(); err != nil || said != "" || !s.IsRunning() {
		t.Errorf("stop: got %q, %v, want that it touches nothing", said, err)
	}
}

func TestStart_KeepsOneOlderLogAndHidesTheFingerprint(t *testing.T) {
	h := newHost(t)
	s := supervised(h.dir)
	for _, setting := range []string{"one", "two", "three"} {
		h.started(setting)
		log, err := os.OpenFile(s.path(logFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = log.WriteString("log of " + setting + "\n")
		log.Close()
	}
	for file, want := range map[string]string{logFile: "log of three", olderLogFile: "log of two"} {
		if content, err := os.ReadFile(s.path(file)); !strings.Contains(string(content), want) {
			t.Errorf("%s: got %q, %v, want %q", file, content, err, want)
		}
	}
	if info, err := os.Stat(s.path(fingerprintFile)); err != nil || info.Mode() != 0o600 {
		t.Errorf("the fingerprint: got %v, %v, want mode 0600", info.Mode(), err)
	}
}

func TestStart_FailsIfTheSupervisorEndsAtOnce(t *testing.T) {
	h := newHost(t)
	if _, err := h.startAs("/bin/false", "one"); err == nil || !strings.Contains(err.Error(), "see "+supervised(h.dir).path(logFile)) {
		t.Errorf("got %v, want an error that names the log", err)
	}
}

func TestFingerprint_DiffersWithEachPartAndShowsNoSetting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program")
	var all []string
	for _, content := range []string{"program", "programm"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, settings := range [][]string{{"PASSWORD=canary"}, {"PASSWORD=other"}, {"A=1", "B="}, {"A=1 B="}, nil} {
			print, err := Fingerprint(file, settings)
			if err != nil || strings.Contains(print, "canary") {
				t.Errorf("%q: got %q, %v", settings, print, err)
			}
			all = append(all, print)
		}
	}
	if slices.Sort(all); len(slices.Compact(all)) != 10 {
		t.Errorf("got the same twice: %q", all)
	}
}

// getsid returns the session of a process (getsid(2)).
func getsid(pid int) (int, error) {
	session, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(session), nil
}
