package overview_test

import (
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
)

func TestTraffic_IsOfTheLastFiveMinutes(t *testing.T) {
	s := open(t)
	s.well()
	second := func(age time.Duration, requests, errors int, p95 float64) fleet.Load {
		return fleet.Load{At: ago(age), Requests: requests, InFlight: 3, Statuses: map[string]int{"5xx": errors},
			Servers: map[string]fleet.ServerLoad{url(3001): {Requests: requests, Errors: errors, InFlight: 2, P95: p95}}}
	}
	s.Push("webLoad", second(6*time.Minute, 1000, 1000, 1), second(2*time.Minute, 30, 2, 7), second(time.Second, 20, 1, 5))
	o := s.look()
	if got := o.Rate(); got != "4.0 requests a second" {
		t.Errorf("rate: got %q, want 4 a second", got)
	}
	for what, got := range map[string]overview.Traffic{"pool": o.Pools[0].Traffic, "server": o.Pools[0].Cards[1].Traffic} {
		if got.Requests != 50 || got.Errors != 3 || got.PerSecond != 4 || got.Peak() != 30 || got.InFlight == 0 {
			t.Errorf("%s: got %+v, want 50 requests, 3 errors, 4 a second, 30 at most", what, got)
		}
	}
	if got := o.Pools[0].Cards[1].Traffic.Latency; got != 5 {
		t.Errorf("p95: got %v, want that of the last second, 5", got)
	}
}

func TestTraffic_ShowsWhatIsInFlightWhileNothingIsAnswered(t *testing.T) {
	for age, want := range map[time.Duration]int{time.Second: 50, fleet.LoadPause + 2*time.Second: 50, time.Minute: 0} {
		s := open(t)
		s.well()
		s.Push("webLoad", fleet.Load{At: ago(2 * time.Minute), Requests: 10, InFlight: 3, Statuses: map[string]int{"2xx": 10}},
			fleet.Load{At: ago(age), InFlight: 50, Servers: map[string]fleet.ServerLoad{url(3001): {InFlight: 50}}})
		web := s.look().Pools[0]
		if pool, server := web.Traffic.InFlight, web.Cards[1].Traffic.InFlight; pool != want || server != want {
			t.Errorf("%v after it was written down: got %d in flight in the pool and %d to the server, want %d", age, pool, server, want)
		}
	}
}
