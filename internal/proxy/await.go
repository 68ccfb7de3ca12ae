package proxy

import (
	"errors"
	"io"
	"time"

	"deux/internal/http1"
)

// readAnswer reads the head of the final answer, and passes on the 1xx answers
// before it (RFC 9110 section 15.2).
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
		if c.answer.Status == 100 {
			c.uploadPace.change(holding, uploading, &c.clock)
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

// answerLimits bound the head of a server's answer.
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
		return errBrokeOff // the server gave up an idle connection (RFC 9110 section 15.5.9)
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
