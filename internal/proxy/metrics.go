package proxy

import (
	"cmp"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what /metrics shows. Their names start with deux_proxy_.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec // server, status
	duration prometheus.Histogram
	retries  *prometheus.CounterVec // reason
	unserved serverMetrics
}

// statuses bounds the statuses that are counted.
const statuses = 600

// serverMetrics are the counts of a server's requests: by status, without a
// look-up, and since the last second of the journal.
type serverMetrics struct {
	statuses [statuses]atomic.Pointer[prometheus.Counter]
	counts   counts
}

func newMetrics(p *Proxy) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deux_proxy_requests_total", Help: "Requests that have ended, by last server and status.",
		}, []string{"server", "status"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "deux_proxy_request_duration_seconds", Help: "Time from a request's first byte to the last of its answer, or of its head if a tunnel or an event stream follows.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deux_proxy_retries_total", Help: "Requests that were tried at another server, by reason.",
		}, []string{"reason"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.retries,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("requests_in_flight", "Requests under way.", func() float64 { return float64(p.underWay.Load()) }),
		gauge("connections", "Connections from clients.", func() float64 { return float64(p.connections()) }),
		counter("connections_refused_total", "Connections that were one too many.", &p.refused),
		gauge("servers", "Servers known to be in rotation.", func() float64 { return float64(p.rotor.size()) }),
		gauge("list_age_seconds", "Time since the lists were last read.", func() float64 {
			return time.Since(time.Unix(0, p.rotor.readAt.Load())).Seconds()
		}),
		counter("turns_fetched_total", "Rotations of the list (RPOPLPUSH).", &p.rotor.fetched),
		counter("turns_ahead_total", "Rotations fetched before a request waited for them.", &p.rotor.stored),
		counter("turns_returned_total", "Rotations taken back because no request used them.", &p.rotor.returned),
		counter("turns_remembered_total", "Requests sent to a server known last, not by a rotation.", &p.rotor.remembered),
		counter("drains_total", "Servers taken off the drain list.", &p.rotor.drained),
	)
	return m
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "deux_proxy_" + name, Help: help}, value)
}

func counter(name, help string, value *atomic.Int64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "deux_proxy_" + name, Help: help},
		func() float64 { return float64(value.Load()) })
}

func (p *Proxy) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.clients)
}

// timeHead has the request counted with the time that it has taken so far: a
// tunnel or an event stream goes on as long as a person looks at a page.
func (e *exchange) timeHead() { e.toHead = time.Since(e.began) }

// count counts a request that has ended.
func (m *metrics) count(e *exchange, took time.Duration) {
	took = cmp.Or(e.toHead, took)
	m.duration.Observe(took.Seconds())
	seen, server := &m.unserved, ""
	if len(e.tried) > 0 {
		last := e.tried[len(e.tried)-1]
		seen, server = &last.seen, last.URL
	}
	if e.status < 0 || e.status >= statuses {
		return
	}
	seen.counts.add(e.status, took)
	counter := seen.statuses[e.status].Load()
	if counter == nil {
		found := m.requests.WithLabelValues(server, strconv.Itoa(e.status))
		counter = &found
		seen.statuses[e.status].Store(counter)
	}
	(*counter).Inc()
}

// retry counts a request that goes on to another server.
func (m *metrics) retry(why error) {
	reason := "broke off"
	switch {
	case errors.Is(why, errUnreachable):
		reason = "unreachable"
	case errors.Is(why, errHung):
		reason = "hung"
	}
	m.retries.WithLabelValues(reason).Inc()
}
