package proxy

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestProxy_DoesNotWaitForAnEventStreamWhenItStops(t *testing.T) {
	s := newStage(t) // with 25 s for requests in flight
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.Write([]byte("data: 1\n\n"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	stream := bufio.NewReader(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	response, err := http.ReadResponse(stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); line != "data: 1\n" {
		t.Fatalf("got %q, %v, want the first event", line, err)
	}
	begun := time.Now()
	s.stopAccepting()
	if _, err := stream.WriteTo(io.Discard); err == nil {
		t.Error("the stream ended as if it were whole, want it broken off")
	}
	if took := time.Since(begun); took > s.proxy.config.ShutdownTimeout*2/5 {
		t.Errorf("the stream ended after %v, want at once", took)
	}
}
