package proxy

import (
	"errors"

	"deux/internal/http1"
)

// forward has the request answered by the server whose turn it is, or by the
// next one if the request may be repeated.
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
	c.at.mustClose = !c.request.KeepAlive || c.stopping.Load()
}

// try sends the request to the server whose turn it is and passes its answer
// on. If a kept connection turns out to be closed, it tries the same server
// again.
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

// isAlone reports whether the request gets its own connection: a server that
// leaves a body unread would take it for the next request.
func (c *client) isAlone() bool {
	return c.at.oneShot || c.request.Body.Kind == http1.Chunked || c.request.Body.Length > 0
}

func isServersFault(err error) bool {
	return errors.Is(err, errBrokeOff) || errors.Is(err, errHung)
}

// connect returns a kept connection, or a new one for a request that must not
// meet a connection that the server is closing.
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
	if cap(c.out) > mostOut {
		c.out = make([]byte, 0, outSize)
	}
	if !c.sent.Ended() {
		c.uploading = true
		c.uploadPace.enter(c.firstOfBody(), &c.clock)
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

// brokeOff handles a server that hung up while it was sent a request. It may
// have said why, and that can still be read.
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

// putAway keeps the connection for another request, if the server keeps it too
// and nothing on it is unread.
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
