package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"

	"deux/internal/fleet"
)

// flight is one request on its way: the server that has it now, if any.
type flight struct {
	server fleet.Server
	aloft  bool
}

type flightKey struct{}

// forwarder sends a request to the server whose turn it is, and to the next
// one when that cannot do any harm.
type forwarder struct {
	rotor     *rotor
	transport http.RoundTripper
	oneShot   http.RoundTripper // without keep-alive, so that it repeats nothing itself
	service   string
}

// RoundTrip implements http.RoundTripper. The request's context must hold its
// *flight.
func (f *forwarder) RoundTrip(request *http.Request) (*http.Response, error) {
	body := &keptBody{ReadCloser: request.Body}
	flight := request.Context().Value(flightKey{}).(*flight)
	var tried []fleet.Server
	var last error
	// Other requests rotate too, so the same server may come up again before
	// all have been tried: twice around the list is enough to see nearly all.
	for range 2 * (f.rotor.size() + 1) {
		server, err := f.rotor.next(request.Context())
		if err != nil {
			return nil, errors.Join(err, last)
		}
		if slices.Contains(tried, server) {
			f.rotor.flights.end(server)
			continue
		}
		tried = append(tried, server)
		flight.land(f.rotor.flights)
		flight.server, flight.aloft = server, true
		response, err := f.transportFor(request).RoundTrip(outgoing(request, server, body))
		if err == nil {
			return response, nil
		}
		last = err
		if request.Context().Err() != nil || !f.repeatable(request, body, err) {
			break
		}
	}
	return nil, last
}

// land ends the flight, if it is in the air.
func (f *flight) land(flights *flights) {
	if f.aloft {
		flights.end(f.server)
		f.aloft = false
	}
}

func outgoing(request *http.Request, server fleet.Server, body *keptBody) *http.Request {
	out := request.WithContext(request.Context())
	address := *request.URL
	address.Scheme, address.Host = "http", server.Address()
	out.URL = &address
	if request.Body != nil && request.Body != http.NoBody {
		out.Body = body
	}
	return out
}

// actOnce are the web app's pages that change something on a GET, as the people
// who click want it. A second try would spawn a second server.
var actOnce = []string{"/spawn", "/destroy", "/meow"}

func (f *forwarder) actsOnce(request *http.Request) bool {
	return f.service == "proxy" && slices.Contains(actOnce, request.URL.Path)
}

// transportFor keeps requests that act once off kept connections: when one of
// those breaks, http.Transport repeats a GET by itself.
func (f *forwarder) transportFor(request *http.Request) http.RoundTripper {
	if f.actsOnce(request) {
		return f.oneShot
	}
	return f.transport
}

// repeatable tells whether another server may get the request after err. One
// that reached no server always may; one that may have been acted on only if
// its method is idempotent (RFC 9110 section 9.2.2). What has been read of a
// body is gone. Docker's proxy accepts connections for a container in which
// nobody listens and resets them: to us such a request may have arrived.
func (f *forwarder) repeatable(request *http.Request, body *keptBody, err error) bool {
	if body.touched.Load() || isTimeout(err) && !isDial(err) {
		return false
	}
	return isDial(err) || slices.Contains(idempotent, request.Method) && !f.actsOnce(request)
}

var idempotent = []string{
	http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete,
}

func isDial(err error) bool {
	operation := new(net.OpError)
	return errors.As(err, &operation) && operation.Op == "dial"
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// keptBody is a request's body that survives a failed attempt: a transport
// closes the body it was given even when it never connected. The HTTP server
// closes the real one.
type keptBody struct {
	io.ReadCloser
	touched atomic.Bool
}

func (b *keptBody) Read(p []byte) (int, error) {
	b.touched.Store(true)
	return b.ReadCloser.Read(p)
}

func (b *keptBody) Close() error { return nil }
