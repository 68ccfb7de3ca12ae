package proxy

import (
	"bufio"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"deux/internal/fleet"
)

// holdOpen answers with a tunnel or an event stream, and ends neither.
func holdOpen(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "echo")
	w.WriteHeader(http.StatusSwitchingProtocols)
	connection, buffered, _ := w.(http.Hijacker).Hijack()
	defer connection.Close()
	io.Copy(connection, buffered)
}

// seconds returns the sum of the histogram of durations, and how many there are.
func (s *stage) seconds(t *testing.T) (sum float64, count string) {
	t.Helper()
	found := regexp.MustCompile(`deux_proxy_request_duration_seconds_sum (\S+)\ndeux_proxy_request_duration_seconds_count (\d+)`).FindStringSubmatch(s.scraped())
	if found == nil {
		t.Fatal("/metrics has no histogram of durations")
	}
	sum, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return sum, found[2]
}

func TestLoad_MeasuresAnAnswerWithoutAnEndToItsHead(t *testing.T) {
	for what, head := range map[string]string{
		"an event stream": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a tunnel":        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t)
			url, _ := s.backend(holdOpen)
			began := time.Now()
			connection := s.dial(head)
			if _, err := http.ReadResponse(bufio.NewReader(connection), nil); err != nil {
				t.Fatal(err)
			}
			most := time.Since(began) // the proxy had the head before
			time.Sleep(most + 2*watchPause)
			connection.Close()
			var load fleet.Load
			eventually(t, func() bool { load = s.proxy.takeLoad(); return load.Requests > 0 })
			limit := milliseconds(most) * 9 / 8 // what a bucket's middle may be off
			if p95 := load.Servers[url].P95; load.Requests != 1 || load.P99 > limit || p95 > limit || load.P99 == 0 {
				t.Errorf("got %d requests, p99 %v ms, p95 %v ms, want 1 and at most the %v ms to its head", load.Requests, load.P99, p95, limit)
			}
			if sum, count := s.seconds(t); sum > most.Seconds() || sum <= 0 || count != "1" {
				t.Errorf("/metrics: got %s of %v s, want 1 of at most %v", count, sum, most)
			}
		})
	}
}
