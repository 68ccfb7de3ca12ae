package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"deux/internal/porttest"
	"deux/internal/stream/streamtest"
)

func newTestReader(writer string) (*Reader, *logbook) {
	log, book := newLog()
	return NewReader(ReaderConfig{Writer: writer, ReadTimeout: streamtest.Patience, MaxBytes: 1 << 20}, log), book
}

func request(r *Reader, method, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	r.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder
}

// wantStatus fails the test unless the answer has the status and its text the
// parts, and returns the text.
func wantStatus(t *testing.T, got *httptest.ResponseRecorder, status int, parts ...string) string {
	t.Helper()
	text := got.Body.String()
	if got.Code != status {
		t.Errorf("got status %d with %q, want %d", got.Code, text, status)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got text %q, want one with %q", text, part)
		}
	}
	return text
}

func wantOneLine(t *testing.T, text string) {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("got %q, want one line", text)
	}
}

func TestReader_AnswersWhatTheWriterSentByteForByte(t *testing.T) {
	const text = "one\r\ntwo\r\n\x00\xff no end"
	r, _ := newTestReader(newFakeWriterOf(t, text).address())
	for _, path := range []string{"/", "/any/other?page=1", "//", "/healthz/", "/a/../b"} {
		got := request(r, "GET", path)
		if wantStatus(t, got, 200) != text {
			t.Errorf("%s: got %q, want %q", path, got.Body, text)
		}
		for name, want := range map[string]string{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"} {
			if got := got.Header().Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestReader_AnswersHeadWithTheLengthAndNoText(t *testing.T) {
	r, _ := newTestReader(newFakeWriterOf(t, "a line\r\n").address())
	server := httptest.NewServer(r)
	defer server.Close()
	resp, err := http.Head(server.URL)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || resp.ContentLength != 8 || len(text) != 0 {
		t.Errorf("got %s, length %d, text %q, %v, want 200, 8 and no text", resp.Status, resp.ContentLength, text, err)
	}
}

func TestReader_RefusesOtherMethods(t *testing.T) {
	writer := newFakeWriterOf(t, "text")
	r, _ := newTestReader(writer.address())
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", "/healthz"} {
			got := request(r, method, path)
			wantOneLine(t, wantStatus(t, got, 405))
			if allow := got.Header().Get("Allow"); allow != "GET, HEAD" {
				t.Errorf("%s %s: got Allow %q, want GET, HEAD", method, path, allow)
			}
		}
	}
	if got := writer.dials.Load(); got != 0 {
		t.Errorf("got %d dials, want none", got)
	}
}

func TestReader_AnswersHealthzWithoutTheWriter(t *testing.T) {
	writer := newFakeWriterOf(t, "text")
	r, _ := newTestReader(writer.address())
	wantStatus(t, request(r, "GET", "/healthz"), 200, "ok")
	if got := writer.dials.Load(); got != 0 {
		t.Errorf("got %d dials, want none", got)
	}
}

func TestReader_SendsTheWriterNothing(t *testing.T) {
	got := make(chan string, 1)
	writer := newFakeWriter(t, func(conn net.Conn, _ int64) {
		io.WriteString(conn, "text")
		conn.(*net.TCPConn).CloseWrite()
		text, _ := io.ReadAll(conn)
		got <- string(text)
	})
	r, _ := newTestReader(writer.address())
	wantStatus(t, request(r, "GET", "/"), 200, "text")
	if got := <-got; got != "" {
		t.Errorf("got %q at the writer, want nothing", got)
	}
}

func TestReader_SaysWhenTheWriterIsAway(t *testing.T) {
	address := fmt.Sprintf("127.0.0.1:%d", porttest.Free(t))
	r, _ := newTestReader(address)
	wantOneLine(t, wantStatus(t, request(r, "GET", "/"), 502, address, "see that it runs", "connection refused"))
}

func TestReader_SaysWhenTheWriterSendsNothing(t *testing.T) {
	r, _ := newTestReader(newFakeWriterOf(t, "").address())
	wantOneLine(t, wantStatus(t, request(r, "GET", "/"), 502, "sent nothing"))
}

func TestReader_TakesNoConnectionThatBreaksForAShortAnswer(t *testing.T) {
	writer := newFakeWriter(t, func(conn net.Conn, _ int64) {
		conn.(*net.TCPConn).SetWriteBuffer(4096) // so that most has been read before the end
		io.WriteString(conn, strings.Repeat("half a li", 100_000))
		conn.(*net.TCPConn).SetLinger(0) // Close sends a reset
	})
	r, _ := newTestReader(writer.address())
	wantOneLine(t, wantStatus(t, request(r, "GET", "/"), 502, "can't be read"))
}

func TestReader_RefusesMoreThanTheMostAndCutsNothingShort(t *testing.T) {
	writer := newFakeWriter(t, func(conn net.Conn, number int64) {
		io.WriteString(conn, strings.Repeat("x", 1000+int(number)))
	})
	r, _ := newTestReader(writer.address())
	r.config.MaxBytes = 1001
	if got := wantStatus(t, request(r, "GET", "/"), 200); len(got) != 1001 {
		t.Errorf("got %d bytes, want 1001", len(got))
	}
	wantOneLine(t, wantStatus(t, request(r, "GET", "/"), 502, "1001 bytes", "MAX_STREAM_BYTES"))
}

func TestReader_RefusesAWriterThatSendsWithoutEnd(t *testing.T) {
	writer := newFakeWriter(t, func(conn net.Conn, _ int64) {
		for err := error(nil); err == nil; {
			_, err = io.WriteString(conn, strings.Repeat("x", 4096))
		}
	})
	r, _ := newTestReader(writer.address())
	wantOneLine(t, wantStatus(t, request(r, "GET", "/"), 502, "MAX_STREAM_BYTES"))
}

func TestReader_GivesAWriterThatHangsUpAfterTheReadTimeout(t *testing.T) {
	writer := newFakeWriter(t, func(conn net.Conn, number int64) {
		io.WriteString(conn, "a line\r\n")
		if number == 1 {
			hang(conn)
		}
	})
	log, book := newLog()
	r := NewReader(ReaderConfig{Writer: writer.address(), ReadTimeout: 300 * time.Millisecond, MaxBytes: 1 << 20}, log)
	began := time.Now()
	wantOneLine(t, wantStatus(t, request(r, "GET", "/"), 502, "300ms", "READ_TIMEOUT"))
	if took := time.Since(began); took < 300*time.Millisecond || took > streamtest.Patience {
		t.Errorf("got an answer after %v, want 300ms", took)
	}
	streamtest.WaitFor(t, "an answer from the next read", func() bool { return request(r, "GET", "/").Code == 200 })
	if away, back := book.count("The writer is away"), book.count("The writer is back"); away < 1 || back < 1 {
		t.Errorf("got %d times away and %d back in the log, want each:\n%s", away, back, book)
	}
}

func TestReader_LogsAFailingWriterOnceAndItsReturnOnce(t *testing.T) {
	writer := newFakeWriter(t, func(conn net.Conn, number int64) {
		if number > 3 {
			io.WriteString(conn, "text")
		}
	})
	r, book := newTestReader(writer.address())
	for n := range 6 {
		if got, want := request(r, "GET", "/").Code == 200, n >= 3; got != want {
			t.Errorf("request %d: got success %v, want %v", n+1, got, want)
		}
	}
	if away, back := book.count("The writer is away"), book.count("The writer is back"); away != 1 || back != 1 {
		t.Errorf("got %d times away and %d back in the log, want 1 and 1:\n%s", away, back, book)
	}
}

// The writer sends the number of the connection. Each client notes how many
// the writer had taken when it asked: its answer must be of a later one.
func TestReader_AnswersNothingOlderThanTheRequest(t *testing.T) {
	writer := newFakeWriter(t, func(conn net.Conn, number int64) {
		time.Sleep(10 * time.Millisecond) // so that requests come during reads
		fmt.Fprint(conn, number)
	})
	r, _ := newTestReader(writer.address())
	server := httptest.NewServer(r)
	defer server.Close()

	const clients, requests = 32, 30
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range requests {
				before := writer.dials.Load()
				var got int64
				if err := getNumber(server, &got); err != nil || got <= before {
					t.Errorf("got connection %d, %v, want one after %d", got, err, before)
				}
			}
		})
	}
	all.Wait()
	if got := writer.dials.Load(); got > clients*requests/2 {
		t.Errorf("got %d dials for %d requests of %d clients, want less than half", got, clients*requests, clients)
	}
}

func getNumber(server *httptest.Server, number *int64) error {
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscan(resp.Body, number)
	return err
}

func TestReader_FreesTheWriterWhenTheClientGoesAway(t *testing.T) {
	reading, freed := make(chan bool), make(chan bool)
	writer := newFakeWriter(t, func(conn net.Conn, number int64) {
		if number > 1 {
			io.WriteString(conn, "text")
			return
		}
		reading <- true
		hang(conn)
		freed <- true
	})
	r, book := newTestReader(writer.address())
	server := httptest.NewServer(r)
	defer server.Close()

	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	must(t, err)
	left := make(chan error)
	go func() { _, err := server.Client().Do(req); left <- err }()
	<-reading
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v at the client, want context canceled", err)
	}
	select {
	case <-freed:
	case <-time.After(streamtest.Patience / 2): // before the read's own time-out
		t.Errorf("the connection to the writer was still open after %v", streamtest.Patience/2)
		<-freed
	}
	wantStatus(t, request(r, "GET", "/"), 200, "text")
	if got := book.count("Writer"); got != 0 {
		t.Errorf("got the writer away or back %d times in the log, want never:\n%s", got, book)
	}
}
