package stream

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
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
