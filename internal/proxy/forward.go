package proxy

import (
	"errors"
	"io"
	"slices"
	"time"

	"deux/internal/http1"
)

// forward has the request answered by the server whose turn it is, and by the
// next one when that cannot do any harm.
func (c *client) forward() error {
	c.prepare()
	var last error
	for {
		if err := c.takeTurn(); err != nil {
			if last != nil {
				return last
			}
			return err
		}
		last = c.try()
		c.drop()
		if last == nil || !c.mayRepeat(last) {
			return last
		}
		c.why.CompareAndSwap(int32(serverHung), int32(none))
		c.metrics.retry(last)
	}
}

// prepare finds out how the request may be sent.
func (c *client) prepare() {
	c.sent.Begin(&c.in, c.request.Body)
	c.sent.Limit(int64(c.config.MaxBodyBytes))
	c.whole = nil
	if c.request.Body.Kind == http1.Sized && int64(c.in.Buffered()) >= c.request.Body.Length {
		c.whole = c.in.Take(int(c.request.Body.Length))
		c.sent.Begin(&c.in, http1.Framing{})
	}
	c.at.oneShot = !c.isIdempotent() || !c.sent.Ended()
	c.movable.Store(!c.at.oneShot)
	c.at.mustClose = !c.request.KeepAlive || c.stopping.Load()
}

// actOnce are the web app's pages that change something on a GET, as the people
// who click want it. A second try would spawn a second server.
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

// mayRepeat reports whether another server may have the request after err. One
// that reached no server always may. One that may have been acted on only if it
// is idempotent, and nothing of an answer or of a body that is not at hand has
// passed. Docker's proxy accepts connections for a container in which nobody
// listens and resets them: such a request may have arrived.
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

// takeTurn takes the next server's turn, past those that this request has tried
// and those that are left out. It returns errUnreachable when all have been
// tried.
func (c *client) takeTurn() error {
	c.release()
	// Other requests rotate too, so the same server may come up again before
	// all have been tried: twice around the list is enough to see nearly all.
	// In the last round one that is left out will do.
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

// isLeftOut reports whether the server has failed just now and another has not.
func (c *client) isLeftOut(to *upstream) bool {
	return to.isOut(&c.clock) && c.rotor.others(to, &c.clock)
}

// try sends the request to the server whose turn it is and passes its answer
// on. A kept connection that turns out to have been closed is no reason to go to
// another server.
func (c *client) try() error {
	for {
		l, err := c.connect()
		if err != nil {
			c.at.to.failed(&c.clock)
			return errUnreachable
		}
		c.setLink(l)
		err = c.talk(l)
		if err == nil {
			return nil
		}
		if !l.reused || !errors.Is(err, errBrokeOff) || !c.mayRepeat(err) {
			if isServersFault(err) {
				c.at.to.failed(&c.clock)
			}
			return err
		}
		c.drop()
	}
}

// isAlone reports whether the request has a connection of its own: a server that
// leaves a body unread takes it for the next request.
func (c *client) isAlone() bool {
	return c.at.oneShot || c.request.Body.Kind == http1.Chunked || c.request.Body.Length > 0
}

func isServersFault(err error) bool {
	return errors.Is(err, errBrokeOff) || errors.Is(err, errHung)
}

// connect returns a kept connection, or a new one to a request that must not
// meet one which the server is just closing.
func (c *client) connect() (*link, error) {
	if !c.isAlone() {
		if l := c.at.to.keptLink(); l != nil {
			return l, nil
		}
	}
	return c.at.to.dial(c.config.ConnectTimeout)
}

// drop closes the connection to the server, if one is open.
func (c *client) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil {
		c.link.close()
		c.link = nil
	}
}

// talk sends the request and passes the answer on.
func (c *client) talk(l *link) error {
	c.pace.enter(sending, &c.clock)
	c.out = c.appendRequest(c.out[:0])
	if _, err := l.Write(c.out); err != nil {
		return c.brokeOff(l)
	}
	if !c.sent.Ended() {
		c.uploading = true
		c.uploadPace.enter(uploading, &c.clock)
		go c.upload(l)
	}
	if err := c.readAnswer(l); err != nil {
		return err
	}
	if c.answer.Status == 101 {
		return c.tunnel(l)
	}
	if err := c.passAnswer(l); err != nil {
		return err
	}
	c.putAway(l)
	return nil
}

// brokeOff is a server that hung up while it was sent a request. It may have
// said why, which is still there to be read.
func (c *client) brokeOff(l *link) error {
	if !c.pace.enter(awaiting, &c.clock) {
		return c.reason(errNoAnswer)
	}
	if err := c.readAnswer(l); err != nil {
		return err
	}
	c.at.mustClose = true
	c.answer.KeepAlive = false
	if c.answer.Status == 101 {
		return errBadAnswer
	}
	return c.passAnswer(l)
}

// readAnswer reads the head of the final answer, and passes those before it on
// (RFC 9110 section 15.2).
func (c *client) readAnswer(l *link) error {
	for range mostInterim {
		if err := c.readHead(l); err != nil {
			return err
		}
		if c.answer.Status == 101 && c.answer.Upgraded != nil && c.request.Upgrade != nil {
			return nil
		}
		if c.answer.Status == 101 {
			return errBadAnswer
		}
		if c.answer.Status >= 200 {
			return nil
		}
		if c.request.Minor > 0 {
			if err := c.write(c.appendInterim(c.out[:0])); err != nil {
				return err
			}
		}
		l.in.Next()
	}
	return errBadAnswer
}

// mostInterim bounds the 1xx answers to one request.
const mostInterim = 100

// answerLimits bound what a server may send as a head.
var answerLimits = http1.Limits{Head: 64 << 10, Fields: 1000}

func (c *client) readHead(l *link) error {
	c.pace.enter(awaiting, &c.clock)
	head, err := l.in.Head(answerLimits, false)
	if !c.pace.enter(working, &c.clock) {
		return c.reason(errNoAnswer)
	}
	if err == nil {
		c.at.to.answered(&c.clock)
		if c.at.id != nil {
			c.at.answered = time.Now()
		}
		err = c.answer.Parse(head, c.request.Method, answerLimits)
	}
	switch {
	case err == nil && l.reused && c.answer.Status == 408 && !c.answer.KeepAlive:
		return errBrokeOff // it says good-bye to a connection that was idle (RFC 9110 section 15.5.9)
	case err == nil:
		return nil
	case c.reason(nil) != nil:
		return c.reason(nil)
	case isMalformed(err):
		return errors.Join(errBadAnswer, err)
	case l.in.Buffered() > 0:
		return errCutShort
	case err == io.EOF, err != io.ErrUnexpectedEOF:
		return errBrokeOff
	}
	return errCutShort
}

func isMalformed(err error) bool {
	_, malformed := errors.AsType[*http1.Error](err)
	return malformed
}

// putAway keeps the connection for another request, if the server does and
// nothing is left on it.
func (c *client) putAway(l *link) {
	c.setLink(nil)
	now := c.clock.now.Load()
	l.in.Next()
	switch {
	case c.isUploading() || c.answer.Body.Kind == http1.UntilClose || l.in.Buffered() > 0:
		l.close()
	case c.isAlone():
		c.at.to.retire(l, now)
	case c.answer.KeepAlive:
		c.at.to.keep(l, now)
	default:
		l.close()
	}
}
