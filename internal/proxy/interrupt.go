package proxy

import "time"

// setLink makes l the connection that the watch interrupts.
func (c *client) setLink(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link, c.queues = l, [2]int{}
	if l != nil && c.why.Load() != int32(none) { // interrupted while there was none
		_ = l.SetDeadline(longAgo)
	}
}

// interrupt wakes every goroutine of the request. Only the first reason counts.
func (c *client) interrupt(reason cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.why.CompareAndSwap(int32(none), int32(reason)) {
		return
	}
	if c.link != nil {
		_ = c.link.SetDeadline(longAgo)
	}
	if reason != serverHung {
		_ = c.conn.SetReadDeadline(longAgo)
	}
}

// interruptAt moves the request to another server, if it is still at from and in
// the wait that token stands for: once the head of the answer has come, it stays.
func (c *client) interruptAt(from *upstream, token uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil && c.link.upstream == from && c.movable.Load() && c.pace.expire(token) &&
		c.why.CompareAndSwap(int32(none), int32(serverHung)) {
		_ = c.link.SetDeadline(longAgo)
	}
}

var longAgo = time.Unix(1, 0)

// reason returns why the request was interrupted, or err when it was not. The
// mutex, because interruptAt first ends the wait and then says why.
func (c *client) reason(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why := c.errorOf(cause(c.why.Load())); why != nil {
		return why
	}
	return err
}
