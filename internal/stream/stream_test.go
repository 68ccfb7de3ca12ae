package stream

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"deux/internal/porttest"
	"deux/internal/stream/streamtest"
)

// The whole way from the file to a browser, with a real socat, while the
// writer rewrites the file every millisecond.
func TestStream_GivesBrowsersWholeLinesWhileTheWriterWrites(t *testing.T) {
	streamtest.NeedSocat(t)
	log, book := newLog()
	config := WriterConfig{DataDir: t.TempDir(), Interval: time.Millisecond, KeepBytes: 16 << 10, Port: porttest.Free(t)}
	writer, err := NewWriter(config, log)
	must(t, err)
	socat, err := NewSocat(config, log)
	must(t, err)

	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { writer.Run(ctx) })
	running.Go(func() { socat.Run(ctx) })
	defer running.Wait()
	defer stop()

	r, _ := newTestReader(fmt.Sprintf("127.0.0.1:%d", config.Port))
	streamtest.WaitFor(t, "the writer serving", func() bool { return request(r, "GET", "/").Code == 200 })
	var browsers sync.WaitGroup
	for range 8 {
		browsers.Go(func() {
			for range 25 {
				got := request(r, "GET", "/")
				wantStatus(t, got, 200)
				checkWhole(t, got.Body.Bytes(), "\r\n")
			}
		})
	}
	browsers.Wait()
	if got := book.count("level=ERROR"); got != 0 {
		t.Errorf("got %d errors in the log, want none:\n%s", got, book)
	}
}

func TestCheckWriter_WantsItToSendSomething(t *testing.T) {
	k := keep(t, porttest.Free(t), []byte("line.\n"))
	k.waitUntilServing(t, "line.\r\n")
	if err := CheckWriter(t.Context(), k.port); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	wantErrorWith(t, CheckWriter(t.Context(), porttest.Free(t)), "connection refused")
	empty := newFakeWriterOf(t, "")
	wantErrorWith(t, CheckWriter(t.Context(), empty.listener.Addr().(*net.TCPAddr).Port), "nothing")
}

func TestCheckWriter_GivesUpOnAWriterThatHangs(t *testing.T) {
	t.Parallel()
	hanging := newFakeWriter(t, func(conn net.Conn, _ int64) { hang(conn) })
	wantErrorWith(t, CheckWriter(t.Context(), hanging.listener.Addr().(*net.TCPAddr).Port), "deadline exceeded")
}
