package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deux/internal/stream/streamtest"
)

// keeper is a Socat that runs for a test.
type keeper struct {
	dir  string
	port int
	log  *logbook
	stop context.CancelFunc
	done chan struct{}
}

// bigText is more than the kernel buffers for a client that doesn't read.
var bigText = bytes.Repeat([]byte("a line.\n"), 1<<20)

// bigTextSent is its length with the carriage returns.
const bigTextSent = 9 << 20

// keep runs a Socat over a file of text, until the test ends at the latest.
func keep(t *testing.T, port int, text []byte) *keeper {
	t.Helper()
	return keepWithGrace(t, port, text, socatGrace)
}

func keepWithGrace(t *testing.T, port int, text []byte, grace time.Duration) *keeper {
	t.Helper()
	streamtest.NeedSocat(t)
	log, book := newLog()
	k := &keeper{dir: t.TempDir(), port: port, log: book, done: make(chan struct{})}
	must(t, os.WriteFile(filepath.Join(k.dir, FileName), text, 0o600))
	socat, err := NewSocat(WriterConfig{DataDir: k.dir, Port: port}, log)
	must(t, err)
	socat.grace = grace

	var ctx context.Context
	ctx, k.stop = context.WithCancel(context.Background())
	go func() { socat.Run(ctx); close(k.done) }()
	t.Cleanup(func() { k.stop(); <-k.done })
	return k
}

func (k *keeper) address() string { return fmt.Sprintf("127.0.0.1:%d", k.port) }

// fetch returns what a client gets who sends nothing.
func (k *keeper) fetch() (string, error) {
	text, err := readToEnd(context.Background(), k.address(), 64<<20)
	return string(text), err
}

func (k *keeper) waitUntilServing(t *testing.T, want string) {
	t.Helper()
	streamtest.WaitFor(t, "socat serving", func() bool {
		got, err := k.fetch()
		if err == nil && got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		return err == nil
	})
}

// waitUntilEnded returns how long the keeper took to end.
func (k *keeper) waitUntilEnded(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case <-k.done:
	case <-time.After(streamtest.Patience):
		t.Fatalf("the keeper did not end within %v", streamtest.Patience)
	}
	return time.Since(began)
}

// process is a line of /proc/PID/stat, as proc(5) has it.
type process struct {
	pid, parent, group int
	state              string // Z for a zombie
}

func processes(t *testing.T, match func(process) bool) (found []process) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		var p process
		_, rest, _ := strings.Cut(string(stat), ") ")
		fmt.Sscan(string(stat), &p.pid)
		fmt.Sscan(rest, &p.state, &p.parent, &p.group)
		if match(p) {
			found = append(found, p)
		}
	}
	return found
}

// listener returns the process that the keeper keeps.
func (k *keeper) listener(t *testing.T) process {
	t.Helper()
	address := []byte(fmt.Sprintf("TCP-LISTEN:%d,", k.port))
	found := processes(t, func(p process) bool {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		return p.parent == os.Getpid() && bytes.Contains(line, address)
	})
	if len(found) != 1 {
		t.Fatalf("got socat processes %v, want one", found)
	}
	return found[0]
}

// connect returns a connection whose first byte has been read, so that a
// process of socat's serves it.
func (k *keeper) connect(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", k.address())
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = conn.Read(make([]byte, 1))
	must(t, err)
	return conn
}

func TestSocatIsRunWithTheArgumentsOfTheContract(t *testing.T) {
	got := strings.Join(append([]string{"socat"}, socatArgs(7000)...), " ")
	if want := "socat TCP-LISTEN:7000,fork,reuseaddr,crlf OPEN:random,rdonly"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSocatSendsTheFileThatThereIsWhenAClientConnects(t *testing.T) {
	k := keep(t, streamtest.FreePort(t), []byte("one.\n"))
	k.waitUntilServing(t, "one.\r\n")
	add(t, open(t, k.dir, 1024), "two.")
	k.waitUntilServing(t, "one.\r\ntwo.\r\n")
	if got := k.log.count("Serving"); got != 1 {
		t.Errorf("got %d starts of socat, want 1:\n%s", got, k.log)
	}
}

func TestASocatThatIsKilledIsStartedAgain(t *testing.T) {
	k := keep(t, streamtest.FreePort(t), []byte("line.\n"))
	k.waitUntilServing(t, "line.\r\n")
	killed := k.listener(t)
	must(t, syscall.Kill(killed.pid, syscall.SIGKILL))

	streamtest.WaitFor(t, "the death in the log", func() bool { return k.log.count("Socat died") == 1 })
	k.waitUntilServing(t, "line.\r\n")
	if again := k.listener(t); again.pid == killed.pid {
		t.Errorf("got process %d again, want a new one", again.pid)
	}
	if left := processes(t, func(p process) bool { return p.pid == killed.pid }); len(left) > 0 {
		t.Errorf("got %v of the killed process, want nothing left", left)
	}
	if got := k.log.count("Socat died"); got != 1 {
		t.Errorf("got %d deaths in the log, want 1:\n%s", got, k.log)
	}
}

func TestASocatWhoseProcessForAClientIsKilledServesOn(t *testing.T) {
	k := keep(t, streamtest.FreePort(t), bigText)
	streamtest.WaitFor(t, "socat serving", func() bool { _, err := k.fetch(); return err == nil })
	k.connect(t)
	listener := k.listener(t)
	for _, child := range processes(t, func(p process) bool { return p.parent == listener.pid }) {
		must(t, syscall.Kill(child.pid, syscall.SIGKILL))
	}
	if got, err := k.fetch(); err != nil || len(got) != bigTextSent {
		t.Errorf("got %d bytes, %v, want %d", len(got), err, bigTextSent)
	}
	if again := k.listener(t); again.pid != listener.pid {
		t.Errorf("got listener %d, want %d as before", again.pid, listener.pid)
	}
}

func TestSocatTriesUntilThePortIsFree(t *testing.T) {
	other, err := net.Listen("tcp", fmt.Sprintf(":%d", streamtest.FreePort(t)))
	must(t, err)
	k := keep(t, other.Addr().(*net.TCPAddr).Port, []byte("line.\n"))
	streamtest.WaitFor(t, "two deaths in the log", func() bool { return k.log.count("Socat died") >= 2 })
	streamtest.WaitFor(t, "socat's reason in the log", func() bool { return k.log.count("Address already in use") >= 2 })
	other.Close()
	k.waitUntilServing(t, "line.\r\n")
}

func TestSocatsProcessesForClientsLeaveNoZombies(t *testing.T) {
	k := keep(t, streamtest.FreePort(t), []byte("line.\n"))
	k.waitUntilServing(t, "line.\r\n")
	var clients sync.WaitGroup
	for range 4 { // socat's backlog is 5
		clients.Go(func() {
			for range 25 {
				if got, err := k.fetch(); err != nil || got != "line.\r\n" {
					t.Errorf("got %q, %v, want the line", got, err)
				}
			}
		})
	}
	clients.Wait()
	listener := k.listener(t)
	streamtest.WaitFor(t, "no children of socat, zombies or not", func() bool {
		return len(processes(t, func(p process) bool { return p.parent == listener.pid })) == 0
	})
}

func TestAClientThatIsReadingWhenSocatStopsGetsItAll(t *testing.T) {
	k := keepWithGrace(t, streamtest.FreePort(t), bigText, streamtest.Patience)
	streamtest.WaitFor(t, "socat serving", func() bool { _, err := k.fetch(); return err == nil })
	conn, listener := k.connect(t), k.listener(t)

	k.stop()
	streamtest.WaitFor(t, "the listener ended", func() bool {
		return len(processes(t, func(p process) bool { return p.pid == listener.pid })) == 0
	})
	got, err := io.Copy(io.Discard, conn)
	if err != nil || got != bigTextSent-1 {
		t.Errorf("got %d bytes, %v, want %d", got, err, bigTextSent-1)
	}
	if took := k.waitUntilEnded(t); took > streamtest.Patience/2 {
		t.Errorf("the end took %v after the last client had read, want it at once", took)
	}
}

func TestAClientThatNeverReadsHoldsUpTheEndForTheGraceOnly(t *testing.T) {
	k := keepWithGrace(t, streamtest.FreePort(t), bigText, 100*time.Millisecond)
	streamtest.WaitFor(t, "socat serving", func() bool { _, err := k.fetch(); return err == nil })
	k.connect(t)
	group := k.listener(t).pid

	k.stop()
	if took := k.waitUntilEnded(t); took < 100*time.Millisecond {
		t.Errorf("the end took %v, want the grace of 100ms", took)
	}
	streamtest.WaitFor(t, "socat's processes gone", func() bool {
		return len(processes(t, func(p process) bool { return p.group == group && p.state != "Z" })) == 0
	})
}

func TestAnIdleSocatStopsAtOnce(t *testing.T) {
	k := keepWithGrace(t, streamtest.FreePort(t), []byte("line.\n"), 10*streamtest.Patience)
	k.waitUntilServing(t, "line.\r\n")
	k.stop()
	k.waitUntilEnded(t)
	if _, err := k.fetch(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v from the port, want connection refused", err)
	}
	if got := k.log.count("Socat died"); got != 0 {
		t.Errorf("got %d deaths in the log, want none:\n%s", got, k.log)
	}
}

func TestWithoutSocatTheKeeperDoesNotStart(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := NewSocat(WriterConfig{}, nil)
	wantErrorWith(t, err, `"socat"`)
}
