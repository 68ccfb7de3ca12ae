package stream

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deux/internal/porttest"
	"deux/internal/stream/streamtest"
)

func TestSocat_IsRunWithTheArgumentsOfTheContract(t *testing.T) {
	got := strings.Join(append([]string{"socat"}, socatArgs(7000)...), " ")
	if want := "socat TCP-LISTEN:7000,fork,reuseaddr,crlf OPEN:random,rdonly"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSocat_SendsTheFileThatThereIsWhenAClientConnects(t *testing.T) {
	k := keep(t, porttest.Free(t), []byte("one.\n"))
	k.waitUntilServing(t, "one.\r\n")
	add(t, open(t, k.dir, 1024), "two.")
	k.waitUntilServing(t, "one.\r\ntwo.\r\n")
	if got := k.log.count("Serving"); got != 1 {
		t.Errorf("got %d starts of socat, want 1:\n%s", got, k.log)
	}
}

func TestSocat_ThatIsKilledIsStartedAgain(t *testing.T) {
	k := keep(t, porttest.Free(t), []byte("line.\n"))
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

func TestSocat_WhoseProcessForAClientIsKilledServesOn(t *testing.T) {
	k := keep(t, porttest.Free(t), bigText)
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

func TestSocat_TriesUntilThePortIsFree(t *testing.T) {
	other, err := net.Listen("tcp", fmt.Sprintf(":%d", porttest.Free(t)))
	must(t, err)
	k := keep(t, other.Addr().(*net.TCPAddr).Port, []byte("line.\n"))
	streamtest.WaitFor(t, "two deaths in the log", func() bool { return k.log.count("Socat died") >= 2 })
	streamtest.WaitFor(t, "socat's reason in the log", func() bool { return k.log.count("Address already in use") >= 2 })
	other.Close()
	k.waitUntilServing(t, "line.\r\n")
}

func TestSocat_LeavesNoZombiesOfItsProcessesForClients(t *testing.T) {
	k := keep(t, porttest.Free(t), []byte("line.\n"))
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

func TestSocat_SendsAllToAClientThatIsReadingWhenItStops(t *testing.T) {
	k := keepWithGrace(t, porttest.Free(t), bigText, streamtest.Patience)
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

func TestSocat_IsHeldUpByAClientThatNeverReadsForTheGraceOnly(t *testing.T) {
	k := keepWithGrace(t, porttest.Free(t), bigText, 100*time.Millisecond)
	streamtest.WaitFor(t, "socat serving", func() bool { _, err := k.fetch(); return err == nil })
	k.connect(t)
	group := k.listener(t).pid

	began := time.Now()
	k.stop()
	k.waitUntilEnded(t)
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("the end took %v, want the grace of 100ms", took)
	}
	streamtest.WaitFor(t, "socat's processes gone", func() bool {
		return len(processes(t, func(p process) bool { return p.group == group && p.state != "Z" })) == 0
	})
}

func TestSocat_ThatIsIdleStopsAtOnce(t *testing.T) {
	k := keepWithGrace(t, porttest.Free(t), []byte("line.\n"), 10*streamtest.Patience)
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

func TestKeeper_DoesNotStartWithoutSocat(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := NewSocat(WriterConfig{}, nil)
	wantErrorWith(t, err, `"socat"`)
}
