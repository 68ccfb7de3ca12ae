// Package proxy forwards every request to the server whose turn it is. The
// order is a Redis list that each request rotates by one, so that whoever
// writes the list decides where requests go, and redis-cli shows it.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"deux/internal/fleet"
)

// ServedBy is the header of each answer that says which server gave it.
const ServedBy = "X-Served-By"

// Proxy is the handler that forwards.
type Proxy struct {
	service string
	rotor   *rotor
	reverse *httputil.ReverseProxy
	log     *slog.Logger
}

// New returns a proxy over the lists. Its refresh must be called regularly for
// it to drain servers and to outlive a Redis that is away; Run does.
func New(config Config, lists rotation, log *slog.Logger) *Proxy {
	transport := newTransport(config, true)
	p := &Proxy{service: config.Service, rotor: newRotor(lists, transport.CloseIdleConnections, log), log: log}
	p.reverse = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.Host = r.In.Host
			r.Out.URL.RawQuery = r.In.URL.RawQuery // also what Go cannot parse: it is the server's to judge
			r.SetXForwarded()
		},
		Transport: &forwarder{
			rotor:     p.rotor,
			transport: transport,
			oneShot:   newTransport(config, false),
			service:   config.Service,
		},
		ModifyResponse: p.sign,
		ErrorHandler:   p.refuse,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BufferPool:     newBuffers(),
	}
	return p
}

// idleTimeout is how long an unused connection to a server is kept. It is
// shorter than the servers' own, so that they do not close one that a request
// is being sent on.
const idleTimeout = 30 * time.Second

func newTransport(config Config, keepAlive bool) *http.Transport {
	dialer := &net.Dialer{Timeout: config.ConnectTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:           dialer.DialContext,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       idleTimeout,
		ResponseHeaderTimeout: config.ResponseTimeout,
		ExpectContinueTimeout: time.Second, // the server may refuse a body before it is sent (RFC 9110 section 10.1.1)
		DisableKeepAlives:     !keepAlive,
		DisableCompression:    true, // what the server sends is what the client gets
	}
}

// ServeHTTP forwards the request. It is in flight until the whole answer has
// gone out, or, after an upgrade, until the connection has ended.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	flight := new(flight)
	defer flight.land(p.rotor.flights)
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), flightKey{}, flight)))
}

func (p *Proxy) sign(response *http.Response) error {
	flight := response.Request.Context().Value(flightKey{}).(*flight)
	response.Header.Set(ServedBy, flight.server.URL)
	return nil
}

// refuse answers a request that no server answered.
func (p *Proxy) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone, and must not take silence for an empty answer
	}
	if flight := r.Context().Value(flightKey{}).(*flight); flight.server.URL != "" {
		w.Header().Set(ServedBy, flight.server.URL)
	}
	status, sentence := p.verdict(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	p.log.Warn("Request refused", "method", r.Method, "path", r.URL.Path, "status", status, "error", err)
	http.Error(w, sentence, status)
}

func (p *Proxy) verdict(err error) (status int, sentence string) {
	switch {
	case errors.Is(err, errRedisAway):
		return http.StatusServiceUnavailable, "Redis does not answer, and no server was known before: make status says more."
	case errors.Is(err, fleet.ErrNoServers) && p.service == "proxy":
		return http.StatusServiceUnavailable, "No server is listed: the first one is starting, or make status says more."
	case errors.Is(err, fleet.ErrNoServers):
		return http.StatusServiceUnavailable, fmt.Sprintf("Nothing deployed yet: git push %s main", p.service)
	case isTimeout(err) && !isDial(err):
		return http.StatusGatewayTimeout, "The server did not answer in time."
	}
	return http.StatusBadGateway, "No server could be reached, or the one that had the request broke off."
}

// buffers are reused to copy bodies.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { return new([32 << 10]byte) }}}
}

func (b *buffers) Get() []byte       { return b.pool.Get().(*[32 << 10]byte)[:] }
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[32 << 10]byte)(buffer)) }
