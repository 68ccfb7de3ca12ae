package proxy

import (
	"errors"

	"deux/internal/http1"
)

// Why a request ends without a server's whole answer.
var (
	errRedisAway     = errors.New("no answer from Redis")
	errAllBusy       = errors.New("every server has as many requests as it may")
	errUnreachable   = errors.New("no connection to the server")
	errBrokeOff      = errors.New("the server hung up before it answered")
	errNoAnswer      = errors.New("the server did not answer in time")
	errHung          = errors.New("the server hangs")
	errBadAnswer     = errors.New("the server's answer is malformed")
	errCutShort      = errors.New("the server's answer ended early")
	errClientGone    = errors.New("the client went away")
	errClientSilent  = errors.New("the client sent no more")
	errClientReading = errors.New("the client read no more")
	errStopping      = errors.New("the proxy stops, and the answer has no end")
	errSlowHead      = &http1.Error{Status: 408, Why: "The request took too long to come"}
	errTooMany       = &http1.Error{Status: 503, Why: "There are too many connections"}
)

// cause is why a request's goroutines are interrupted; only the first counts.
type cause int32

const (
	none cause = iota
	clientGone
	clientSilent  // in the middle of its body
	clientReading // no more, in the middle of an answer
	clientWrong   // its body is malformed or too large
	serverSilent  // did not take the request, or did not answer it
	serverHung    // and another server may get the request
	proxyStops    // and an event stream would not end
	answered      // the answer is complete before the request is
)

// errorOf returns the error for a cause.
func (c *client) errorOf(why cause) error {
	switch why {
	case clientGone:
		return errClientGone
	case clientSilent:
		return errClientSilent
	case clientReading:
		return errClientReading
	case clientWrong:
		return c.uploadError
	case serverSilent:
		return errNoAnswer
	case serverHung:
		return errHung
	case proxyStops:
		return errStopping
	}
	return nil
}
