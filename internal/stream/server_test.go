package stream

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"deux/internal/stream/streamtest"
)

// startServer serves r until the test ends; stop starts the end, and ended
// gives what Serve returned.
func startServer(t *testing.T, r *Reader) (url string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener) }()
	t.Cleanup(stop)
	return "http://" + listener.Addr().String(), stop, served
}

func wantEnd(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("got an end with %v, want one without error", err)
		}
	case <-time.After(streamtest.Patience):
		t.Fatalf("got no end within %v", streamtest.Patience)
	}
}

func TestServe_AnswersARequestUnderWayAtTheEnd(t *testing.T) {
	reading, write := make(chan bool), make(chan bool)
	writer := newFakeWriter(t, func(conn net.Conn, _ int64) {
		reading <- true
		<-write
		io.WriteString(conn, "the text")
	})
	r, book := newTestReader(writer.address())
	url, stop, ended := startServer(t, r)
	answer := make(chan string)
	go func() { answer <- get(url) }()
	<-reading
	stop()
	streamtest.WaitFor(t, "no new connections", func() bool {
		conn, err := net.Dial("tcp", url[len("http://"):])
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	write <- true
	if got := <-answer; got != "the text" {
		t.Errorf("got answer %q, want the text", got)
	}
	wantEnd(t, ended)
	if got := book.count("Requests cut off"); got != 0 {
		t.Errorf("got %d times requests cut off in the log, want none:\n%s", got, book)
	}
}

func get(url string) string {
	resp, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}

func TestServe_IsHeldUpByAWriterThatHangsForTheGraceOnly(t *testing.T) {
	reading := make(chan bool)
	writer := newFakeWriter(t, func(conn net.Conn, _ int64) {
		reading <- true
		hang(conn)
	})
	r, book := newTestReader(writer.address())
	r.grace = 50 * time.Millisecond
	url, stop, ended := startServer(t, r)
	go get(url)
	<-reading
	stop()
	wantEnd(t, ended)
	if got := book.count("Requests cut off"); got != 1 {
		t.Errorf("got %d times requests cut off in the log, want 1:\n%s", got, book)
	}
}

func TestServe_IsHeldUpByAClientThatNeverAsksForTheGraceOnly(t *testing.T) {
	r, _ := newTestReader("127.0.0.1:1")
	r.grace = 50 * time.Millisecond
	url, stop, ended := startServer(t, r)
	conn, err := net.Dial("tcp", url[len("http://"):])
	must(t, err)
	defer conn.Close()
	io.WriteString(conn, "GET / HT")
	streamtest.WaitFor(t, "the reader serving", func() bool { return get(url+"/healthz") == "ok\n" })
	stop()
	wantEnd(t, ended)
}

func TestServe_EndsWithItsListener(t *testing.T) {
	r, _ := newTestReader("127.0.0.1:1")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	listener.Close()
	wantErrorWith(t, r.Serve(t.Context(), listener), "closed")
}

// A request may wait for two reads, so the server's own time-outs are longer.
func TestServer_LeavesTimeForTwoReads(t *testing.T) {
	log, _ := newLog()
	server := NewReader(ReaderConfig{ReadTimeout: time.Hour}, log).server()
	for name, got := range map[string]time.Duration{"ReadTimeout": server.ReadTimeout, "WriteTimeout": server.WriteTimeout} {
		if got <= 2*time.Hour {
			t.Errorf("%s: got %v, want more than two reads of an hour", name, got)
		}
	}
	for name, got := range map[string]time.Duration{"ReadHeaderTimeout": server.ReadHeaderTimeout, "IdleTimeout": server.IdleTimeout} {
		if got <= 0 || got > time.Minute {
			t.Errorf("%s: got %v, want one of at most a minute", name, got)
		}
	}
}
