package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load sends requests to a URL at a fixed rate, however long answers take. They
// are POSTs: a GET that is cut off the proxy sends to the next server, and
// nobody sees that it was.
type load struct {
	t      *testing.T
	want   int // the status of every answer
	cancel context.CancelFunc
	wait   sync.WaitGroup
	sent   atomic.Int64
	mu     sync.Mutex
	failed []string
}

// startLoad begins a load that ends with stop, or with the test.
func startLoad(t *testing.T, url string, every time.Duration, want int) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, want: want, cancel: cancel}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	l.wait.Go(func() {
		for ticker := time.NewTicker(every); ; {
			select {
			case <-ctx.Done():
				ticker.Stop()
				return
			case <-ticker.C:
				l.wait.Go(func() { l.send(client, url) })
			}
		}
	})
	return l
}

func (l *load) send(client *http.Client, url string) {
	l.sent.Add(1)
	response, err := client.Post(url, "text/plain", nil)
	if err == nil {
		var text string
		if text, err = read(response); err == nil && response.StatusCode != l.want {
			err = fmt.Errorf("%s %s", response.Status, text)
		}
	}
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = append(l.failed, time.Now().Format("05.000 ")+err.Error())
	}
}

// stop waits for the last answers and fails the test if any request failed, or
// next to none was sent.
func (l *load) stop() {
	l.t.Helper()
	l.cancel()
	l.wait.Wait()
	l.t.Logf("%d requests, %d failed", l.sent.Load(), len(l.failed))
	if len(l.failed) > 0 {
		l.t.Errorf("%d of %d requests failed, the first: %s", len(l.failed), l.sent.Load(), l.failed[0])
	}
	if l.sent.Load() < 10 {
		l.t.Errorf("%d requests were sent, too few to tell anything", l.sent.Load())
	}
}

func requestInFlight(s *system) {
	w := s.work("one")
	w.commit("behaviour", "TEXT=one\nABRUPT=yes\n") // it lets no request end when it is stopped
	w.deployed("blue")
	load := startLoad(s.t, s.url("blue")+"?seconds=3", 200*time.Millisecond, 200)
	for load.sent.Load() < 5 { // so that some are under way at any moment of the push
		time.Sleep(10 * time.Millisecond)
	}
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	load.stop()
	s.shows("blue", w.head(), "two")
	s.runsOne("blue")
}

func tenDeploysUnderLoad(s *system) {
	w := s.work("one")
	w.deployed("blue")
	load := startLoad(s.t, s.url("blue"), time.Second/200, 200)
	for i := range 10 {
		w.commit("behaviour", fmt.Sprintf("TEXT=%d\nABRUPT=yes\n", i))
		w.deployed("blue")
	}
	load.stop()
	s.runsOne("blue")
}
