package overview

import (
	"time"

	"deux/internal/fleet"
)

// Traffic is the requests to a pool, or to one of its servers.
type Traffic struct {
	PerSecond float64 // over the last rateWindow
	InFlight  int     // at the end of the last second that was written down, if that was recently
	Latency   float64 // milliseconds, in the last second with requests: p95 of a server, p99 of a pool
	Requests  int     // of the last five minutes
	Errors    int     // of those, answers of 500 and above
	Chart     [chartBars]int
}

const (
	rateWindow  = 5 * time.Second
	inFlightAge = 2 * fleet.LoadPause // from which what was in flight is no longer believed
	chartWindow = 5 * time.Minute     // as much as the journals hold
	chartBars   = 60
	barWindow   = chartWindow / chartBars
)

// MostlyErrors reports whether most answers of the last five minutes were errors,
// and there were enough of them to judge.
func (t Traffic) MostlyErrors() bool { return t.Requests >= 20 && 2*t.Errors > t.Requests }

// Peak is the height of the chart's highest bar.
func (t Traffic) Peak() int {
	peak := 0
	for _, bar := range t.Chart {
		peak = max(peak, bar)
	}
	return peak
}

// second is one second of a pool or a server.
type second struct {
	at               time.Time
	requests, errors int
	latency          float64
}

// add counts a second. Seconds must be added newest first.
func (t *Traffic) add(now time.Time, s second) {
	age := now.Sub(s.at)
	if age >= chartWindow {
		return
	}
	if t.Requests == 0 && s.requests > 0 {
		t.Latency = s.latency
	}
	if age < rateWindow {
		t.PerSecond += float64(s.requests) / rateWindow.Seconds()
	}
	t.Requests += s.requests
	t.Errors += s.errors
	// Bars start at multiples of their width: otherwise they would change shape
	// over time.
	bar := chartBars - 1 - int(now.Truncate(barWindow).Sub(s.at.Truncate(barWindow))/barWindow)
	t.Chart[min(max(bar, 0), chartBars-1)] += s.requests
}

// traffic returns the traffic of a pool and, by URL, of its servers. The loads
// are newest first. InFlight counts only if it is recent: a proxy that has ended
// writes nothing.
func traffic(now time.Time, loads []fleet.Load) (pool Traffic, servers map[string]*Traffic) {
	servers = make(map[string]*Traffic)
	for i, load := range loads {
		isNow := i == 0 && now.Sub(load.At) < inFlightAge
		pool.add(now, second{load.At, load.Requests, load.Statuses["5xx"], load.P99})
		if isNow {
			pool.InFlight = load.InFlight
		}
		for url, part := range load.Servers {
			server, known := servers[url]
			if !known {
				server = new(Traffic)
				servers[url] = server
			}
			server.add(now, second{load.At, part.Requests, part.Errors, part.P95})
			if isNow {
				server.InFlight = part.InFlight
			}
		}
	}
	return pool, servers
}
