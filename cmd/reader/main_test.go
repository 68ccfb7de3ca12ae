package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"deux/internal/porttest"
	"deux/internal/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.Main(m, main) }

// get returns the status and the text of a page, or the error.
func get(port int, path string) string {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", port, path))
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, text)
}

func waitUntilServing(t *testing.T, port int) {
	t.Helper()
	streamtest.WaitFor(t, "the reader serving", func() bool { return get(port, "/healthz") == "200 ok\n" })
}

// startWriter returns the address of a server that sends text to everyone.
func startWriter(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			io.WriteString(conn, text)
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestReader_SendsWhatTheWriterSendsUntilSIGTERM(t *testing.T) {
	port, writer := porttest.Free(t), startWriter(t, "a line\r\n")
	reader := streamtest.Start(t, fmt.Sprintf("READER_PORT=%d", port), "WRITER_ADDR="+writer)
	waitUntilServing(t, port)
	if got, want := get(port, "/"), "200 a line\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	reader.WantCleanEnd(t)
}

func TestReader_ServesAndIsHealthyWithoutTheWriter(t *testing.T) {
	port := porttest.Free(t)
	environment := []string{fmt.Sprintf("READER_PORT=%d", port), fmt.Sprintf("WRITER_ADDR=127.0.0.1:%d", porttest.Free(t))}
	streamtest.WantUnhealthy(t, "connection refused", environment...)
	streamtest.Start(t, environment...)
	waitUntilServing(t, port)
	if got, want := get(port, "/"), "502 The writer at 127.0.0.1:"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want a start of %q", got, want)
	}
	streamtest.WantHealthy(t, environment...)
}

func TestReader_RefusesABadSetting(t *testing.T) {
	streamtest.WantRefusal(t, `WRITER_ADDR="write"`, "WRITER_ADDR=write")
}

func TestReader_RefusesATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	streamtest.WantRefusal(t, "address already in use", fmt.Sprintf("READER_PORT=%d", port))
}
