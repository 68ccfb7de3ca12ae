package proxy

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
)

func TestBucket_MiddleIsWithinAnEighthOfWhatIsInIt(t *testing.T) {
	for took := 8 * time.Microsecond; took < time.Minute; took = took*9/8 + 1 {
		got, want := middleOf(bucketOf(took)), float64(took.Microseconds())/1000
		if math.Abs(got-want) > want/8 {
			t.Errorf("%v: got %v ms, want within an eighth of %v", took, got, want)
		}
	}
	for _, took := range []time.Duration{-time.Second, 0, time.Nanosecond} {
		if got := middleOf(bucketOf(took)); got > 0.008 {
			t.Errorf("%v: got %v ms, want next to none", took, got)
		}
	}
	if got := bucketOf(time.Hour); got != timeBuckets-1 {
		t.Errorf("an hour: got bucket %d, want the last", got)
	}
}

func TestTally_PercentileCountsEveryRequest(t *testing.T) {
	var c counts
	for i := range 100 {
		took := time.Millisecond
		if i >= 98 {
			took = time.Second
		}
		c.add(200, took)
	}
	var all tally
	all.take(&c)
	for part, want := range map[float64]float64{.5: 1, .95: 1, .99: 1000} {
		if got := all.percentile(part); math.Abs(got-want) > want/8 {
			t.Errorf("percentile %v: got %v ms, want about %v", part, got, want)
		}
	}
	var none tally
	none.take(&c)
	if none.requests != 0 || none.percentile(.5) != 0 {
		t.Errorf("taken a second time: got %d requests, want none", none.requests)
	}
}

func TestLoad_NamesTheServersThatHadRequests(t *testing.T) {
	s := newStage(t)
	good, _ := s.backend(func(http.ResponseWriter, *http.Request) {})
	bad, _ := s.backend(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	for range 4 {
		response, err := http.Get(s.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	var load fleet.Load
	statuses := make(map[string]int)
	servers := make(map[string]fleet.ServerLoad)
	for end := time.Now().Add(10 * time.Second); load.Requests < 4 && time.Now().Before(end); {
		more := s.proxy.takeLoad() // a request is counted a moment after its answer
		load.Requests += more.Requests
		for class, n := range more.Statuses {
			statuses[class] += n
		}
		for url, server := range more.Servers {
			servers[url] = fleet.ServerLoad{Requests: servers[url].Requests + server.Requests, Errors: servers[url].Errors + server.Errors}
		}
	}
	if load.Requests != 4 || statuses["2xx"] != 2 || statuses["5xx"] != 2 {
		t.Errorf("got %d requests, %v, want 2 of 2xx and 2 of 5xx", load.Requests, statuses)
	}
	want := map[string]fleet.ServerLoad{good: {Requests: 2}, bad: {Requests: 2, Errors: 2}}
	for url, server := range want {
		if servers[url] != server {
			t.Errorf("%s: got %+v, want %+v", url, servers[url], server)
		}
	}
}

// journal remembers what is recorded.
type journal struct{ loads []fleet.Load }

func (j *journal) RecordLoad(ctx context.Context, load fleet.Load) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	j.loads = append(j.loads, load)
	return nil
}

func TestLoad_IsRecordedWhileThereAreRequestsAndOnceAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProxy(testConfig(t), nil, nil, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		written := &journal{}
		go p.recordLoad(ctx, written)
		time.Sleep(10*time.Second + time.Millisecond)
		for range 3 {
			p.metrics.unserved.counts.add(503, time.Millisecond)
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Second)
		cancel()
		synctest.Wait()
		var got []int
		for _, load := range written.loads {
			got = append(got, load.Requests)
		}
		if len(got) != 4 || got[0] != 1 || got[2] != 1 || got[3] != 0 {
			t.Errorf("requests of the seconds: got %v, want 1 1 1 0", got)
		}
	})
}

func TestLoad_NamesTheServersThatHaveNotAnsweredYet(t *testing.T) {
	s := newStage(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	busy, _ := s.backend(func(http.ResponseWriter, *http.Request) { close(begun); <-finish })
	s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	defer close(finish)
	if load := s.proxy.takeLoad(); load.InFlight != 1 || load.Servers[busy].InFlight != 1 {
		t.Errorf("got %+v, want a request in flight to %s", load, busy)
	}
}

// recorded returns what is written down while act goes on.
func recorded(t *testing.T, act func(*Proxy)) []fleet.Load {
	t.Helper()
	p := newProxy(testConfig(t), nil, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	written := &journal{}
	go p.recordLoad(ctx, written)
	time.Sleep(10*time.Second + time.Millisecond)
	act(p)
	cancel()
	synctest.Wait()
	return written.loads
}

func TestLoad_IsRecordedEveryFewSecondsWhileARequestIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began time.Time
		loads := recorded(t, func(p *Proxy) {
			began = time.Now()
			p.underWay.Store(3)
			time.Sleep(20 * time.Second)
			p.underWay.Store(0)
			time.Sleep(20 * time.Second)
		})
		if len(loads) < 6 || len(loads) > 8 {
			t.Errorf("got %d seconds in 20 s with requests under way and 20 s without, want about one in four", len(loads))
		}
		for i, load := range loads {
			if want := 3; i < len(loads)-1 && load.InFlight != want {
				t.Errorf("after %v: got %d in flight, want %d", load.At.Sub(began), load.InFlight, want)
			}
		}
		if last := loads[len(loads)-1]; last.InFlight != 0 {
			t.Errorf("at last: got %d in flight, want 0", last.InFlight)
		}
	})
}

func TestLoad_OfTheLastSecondIsRecordedWhenTheProxyStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loads := recorded(t, func(p *Proxy) { p.metrics.unserved.counts.add(200, time.Millisecond) })
		if len(loads) != 1 || loads[0].Requests != 1 {
			t.Errorf("got %+v, want the request of the last second", loads)
		}
	})
}
