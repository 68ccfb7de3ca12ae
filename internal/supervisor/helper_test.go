package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deux/internal/program"
)

// patience is how long a state may take to come on a busy machine.
const patience = 30 * time.Second

// dirVariable has the executable of these tests be the program that they
// supervise, in that folder.
const dirVariable = "SUPERVISOR_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(dirVariable)
	if dir == "" || len(os.Args) != 2 {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // as program.Main: a second one kills
	if err := play(ctx, os.Args[1], dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play is the program: as its own supervisor, or as what is supervised, which
// holds its lock until it is told to end.
func play(ctx context.Context, argument, dir string) error {
	s, log := supervised(dir), slog.New(slog.NewTextHandler(os.Stderr, nil))
	if argument == Argument {
		s.Fingerprint = os.Getenv(settingVariable)
		return s.Supervise(ctx, log)
	}
	return s.Work(ctx, log, func(ctx context.Context) error { return work(ctx, s) })
}

func work(ctx context.Context, s *Supervisor) error {
	if gate := os.Getenv(slowVariable); gate != "" {
		_ = os.WriteFile(gate, nil, 0o600)
		<-ctx.Done()
		return nil
	}
	lock, err := program.TakeLock(s.LockFile)
	if err != nil {
		return err
	}
	defer lock.Close()
	_ = lock.Truncate(0) // the number of the last one may be longer
	fmt.Fprintln(lock, os.Getpid())
	<-ctx.Done()
	for gate := os.Getenv(lateVariable); gate != "" && !exists(gate); { // it has something to finish
		time.Sleep(time.Millisecond)
	}
	return nil
}

// What else the environment tells the program.
const (
	settingVariable = "SUPERVISOR_TEST_SETTING"
	slowVariable    = "SUPERVISOR_TEST_SLOW" // a file to make instead of working
	lateVariable    = "SUPERVISOR_TEST_LATE" // a file without which it does not end
)

func supervised(dir string) *Supervisor {
	return &Supervisor{
		Dir: filepath.Join(dir, "var"), LockFile: filepath.Join(dir, "lock"), Program: os.Args[0], Out: &bytes.Buffer{},
		Pace: program.Pace{First: time.Millisecond, Most: 10 * time.Millisecond, Steady: time.Minute},
	}
}

// host is where a program is started and stopped.
type host struct {
	t   *testing.T
	dir string
}

// newHost ends what is left on it after the test.
func newHost(t *testing.T) *host {
	h := &host{t, t.TempDir()}
	t.Setenv(dirVariable, h.dir)
	t.Cleanup(func() {
		if _, err := h.stop(); err != nil {
			t.Errorf("stopping what the test left: %v", err)
		}
	})
	return h
}

// start has the program started with that setting, and returns what is said.
func (h *host) start(setting string) (said string, err error) {
	return h.startAs(os.Args[0], setting)
}

func (h *host) startAs(executable, setting string) (said string, err error) {
	s := supervised(h.dir)
	s.Program = executable
	if s.Fingerprint, err = Fingerprint(executable, []string{setting}); err != nil {
		return "", err
	}
	h.t.Setenv(settingVariable, s.Fingerprint)
	err = s.Start(h.t.Context())
	return s.Out.(*bytes.Buffer).String(), err
}

func (h *host) stop() (said string, err error) {
	s := supervised(h.dir)
	err = s.Stop(context.Background())
	return s.Out.(*bytes.Buffer).String(), err
}

// started is start, which must succeed, and returns the two processes once the
// program runs.
func (h *host) started(setting string) (supervisor, child int) {
	h.t.Helper()
	if said, err := h.start(setting); err != nil {
		h.t.Fatalf("start: %v\n%s", err, said)
	}
	return h.supervisor(), h.child(0)
}

func (h *host) supervisor() int { return program.ReadPID(supervised(h.dir).path(pidFile)) }

// child waits until the program runs as another process than before.
func (h *host) child(before int) (pid int) {
	h.t.Helper()
	s := supervised(h.dir)
	h.eventually("another process of the program", func() bool {
		pid = program.ReadPID(s.LockFile)
		return s.IsRunning() && pid > 0 && pid != before && alive(pid)
	})
	return pid
}

func (h *host) eventually(what string, reached func() bool) {
	h.t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			log, _ := os.ReadFile(supervised(h.dir).path(logFile))
			h.t.Fatalf("after %v not: %s; the log:\n%s", patience, what, log)
		}
	}
}

// alive reports whether the process has not ended. Nobody may have waited for it
// yet: then it is a zombie, proc(5) state Z.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// gone waits for the end of processes, which drop their locks just before.
func (h *host) gone(pids ...int) {
	h.t.Helper()
	for _, pid := range pids {
		h.eventually(fmt.Sprintf("the end of process %d", pid), func() bool { return !alive(pid) })
	}
}

func (h *host) kill(pid int) {
	h.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		h.t.Fatal(err)
	}
}

// together does the same n times at once.
func together(n int, do func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(do)
	}
	all.Wait()
}

// writerFunc is given each line that is said.
type writerFunc func(line string)

func (f writerFunc) Write(line []byte) (int, error) {
	f(string(line))
	return len(line), nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func itoa(n int) string { return fmt.Sprint(n) }

// resolved is a path as /proc has it.
func resolved(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}
