package proxy

import (
	"errors"
	"slices"
)

// actOnce are the web app's pages that change something on a GET, so that a
// click is enough. A second try would spawn a second server.
var actOnce = []string{"/spawn", "/destroy", "/meow"}

// isIdempotent reports whether the request may be acted on twice (RFC 9110
// section 9.2.2).
func (c *client) isIdempotent() bool {
	switch string(c.request.Method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return !c.actsOnce()
	}
	return false
}

func (c *client) actsOnce() bool {
	return c.config.Service == "proxy" && slices.ContainsFunc(actOnce, func(page string) bool {
		path := c.request.Target
		return len(path) >= len(page) && string(path[:len(page)]) == page && (len(path) == len(page) || path[len(page)] == '?')
	})
}

// mayRepeat reports whether another server may get the request after err: always
// if no server was reached; if one may have acted on it, only if it is
// idempotent and neither an answer nor an upload has started. A reset connection
// may have carried the request, even though Docker's proxy also resets those to
// a container in which nothing listens.
func (c *client) mayRepeat(err error) bool {
	if c.at.headSent || c.uploading {
		return false
	}
	switch {
	case errors.Is(err, errUnreachable):
		return true
	case errors.Is(err, errBrokeOff), errors.Is(err, errHung):
		return !c.at.oneShot
	}
	return false
}

// takeTurn takes the turn of the next server that this request has not tried and
// that is not left out. It returns errUnreachable when all have been tried.
func (c *client) takeTurn() error {
	c.release()
	// Other requests rotate too, so the same server may come up again before
	// all have been tried: twice around the list is enough to see nearly all.
	// In the last round a server that is left out will do.
	for rounds := 2*c.rotor.size() + 1; rounds >= 0; rounds-- {
		to, err := c.rotor.take(c.waiter)
		if err != nil {
			return err
		}
		if !slices.Contains(c.at.tried, to) && !c.isBusy(to) && (rounds == 0 || !c.isLeftOut(to)) {
			to.requests.Add(1)
			c.at.to = to
			c.at.tried = append(c.at.tried, to)
			c.at.attempts++
			c.movable.Store(!c.at.oneShot && len(c.at.tried) < c.rotor.size())
			return nil
		}
		to.inFlight.Add(-1)
	}
	if len(c.at.tried) == 0 {
		return errAllBusy
	}
	return errUnreachable
}

func (c *client) isBusy(to *upstream) bool {
	return to.requests.Load() >= int64(c.config.MaxServerRequests)
}

// isLeftOut reports whether the server has just failed and another has not.
func (c *client) isLeftOut(to *upstream) bool {
	return to.isOut(&c.clock) && c.rotor.others(to, &c.clock)
}
