package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"deux/internal/porttest"
	"deux/internal/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.Main(m, main) }

// place is where a writer writes and serves.
type place struct {
	dir  string
	port int
}

func newPlace(t *testing.T) place {
	streamtest.NeedSocat(t)
	return place{dir: t.TempDir(), port: porttest.Free(t)}
}

func (p place) environment(more ...string) []string {
	return append(more, "DATA_DIR="+p.dir, fmt.Sprintf("WRITER_PORT=%d", p.port))
}

// fetch returns the text that is served there, none if there is no writer.
func (p place) fetch() string {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
	if err != nil {
		return ""
	}
	defer conn.Close()
	text, _ := io.ReadAll(conn)
	return string(text)
}

func (p place) waitForLines(t *testing.T, count int) {
	t.Helper()
	what := fmt.Sprintf("%d lines on port %d", count, p.port)
	streamtest.WaitFor(t, what, func() bool { return strings.Count(p.fetch(), "\r\n") >= count })
}

func TestWriter_ServesAGrowingTextUntilSIGTERM(t *testing.T) {
	place := newPlace(t)
	writer := streamtest.Start(t, place.environment("WRITE_INTERVAL=10ms")...)
	place.waitForLines(t, 3)
	writer.WantCleanEnd(t)

	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", place.port))
	if err != nil {
		t.Fatalf("got %v, want the port free", err)
	}
	listener.Close()
}

func TestWriter_GoesOnWhereAKilledOneStopped(t *testing.T) {
	place := newPlace(t)
	killed := streamtest.Start(t, place.environment()...)
	place.waitForLines(t, 1)
	before := place.fetch()
	killed.Kill()
	streamtest.WaitFor(t, "the port free of the killed writer's socat", func() bool { return place.fetch() == "" })

	streamtest.Start(t, place.environment()...)
	place.waitForLines(t, 2)
	if got := place.fetch(); !strings.HasPrefix(got, before) {
		t.Errorf("got %q, want a start of %q", got, before)
	}
}

func TestWriter_IsHealthyIfItAnswers(t *testing.T) {
	place := newPlace(t)
	streamtest.WantUnhealthy(t, "connection refused", place.environment()...)
	streamtest.Start(t, place.environment()...)
	place.waitForLines(t, 1)
	streamtest.WantHealthy(t, place.environment()...)
}

func TestWriter_RefusesABadSetting(t *testing.T) {
	streamtest.WantRefusal(t, `WRITE_INTERVAL="often"`, "WRITE_INTERVAL=often")
}

func TestWriter_LogsAsTheSettingSays(t *testing.T) {
	place := newPlace(t)
	writer := streamtest.Start(t, place.environment("LOG_FORMAT=json")...)
	place.waitForLines(t, 1)
	writer.WantCleanEnd(t)
	said, _ := writer.Wait(t)
	if said == "" {
		t.Error("the writer logged nothing")
	}
	for line := range strings.Lines(said) {
		if !json.Valid([]byte(line)) {
			t.Errorf("got %q, want JSON", line)
		}
	}
	streamtest.WantRefusal(t, `LOG_FORMAT="xml": expected text or json`, "LOG_FORMAT=xml")
}

func TestWriter_RefusesADirectoryThatIsNotThere(t *testing.T) {
	place := newPlace(t)
	place.dir += "/missing"
	streamtest.WantRefusal(t, "DATA_DIR", place.environment()...)
}
