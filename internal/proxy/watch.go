package proxy

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// watchPause is between two rounds of the watch, and so how late it may be.
	watchPause = 50 * time.Millisecond
	// lookPause is how long a request has waited before the watch checks that its
	// client is still there and its receiver takes what is sent.
	lookPause = 200 * time.Millisecond
	// sweepRounds is how many rounds of the watch there are to each sweep.
	sweepRounds = 20
	// silence bounds the pause between two bytes of an answer.
	silence = 10 * time.Minute
)

// watch ends what takes too long, until ctx ends: one goroutine for all
// connections, so that a request sets no timers.
func (p *Proxy) watch(ctx context.Context) {
	ticker := time.NewTicker(watchPause)
	defer ticker.Stop()
	start := time.Now()
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		p.clock.now.Store(time.Since(start).Milliseconds())
		look := round%4 == 0
		p.mu.Lock()
		all := p.snapshot[:0]
		for c := range p.clients {
			all = append(all, c)
		}
		p.snapshot = all
		p.mu.Unlock()
		for _, c := range all {
			p.inspect(c, look)
		}
		clear(all)
		if look {
			p.checkServers(round%sweepRounds == 0)
		}
	}
}

// limit returns how long a phase may last, or 0 for any time.
func (p *Proxy) limit(of phase) time.Duration {
	switch of {
	case idling:
		return p.config.IdleTimeout
	case reading:
		return p.config.HeadTimeout
	case uploading, answering:
		return p.config.BodyTimeout
	case sending, awaiting:
		return p.config.ResponseTimeout
	case listening:
		return silence
	}
	return 0
}

// inspect interrupts a client's goroutines that have waited too long.
func (p *Proxy) inspect(c *client, look bool) {
	current, since, token := c.pace.read()
	if p.stopping.Load() && current == idling && p.clock.since(since) >= c.farewell() &&
		c.poll(unix.POLLIN) == 0 && c.pace.expire(token) {
		_ = c.conn.SetReadDeadline(longAgo)
		return
	}
	if p.stopping.Load() && current == listening && c.endless.Load() && c.pace.expire(token) {
		c.interrupt(proxyStops)
		return
	}
	upload, uploadSince, uploadToken := c.uploadPace.read()
	if current == awaiting {
		since = max(since, uploadSince) // what the server takes is a sign of life
	}
	waited := p.clock.since(since)
	clientTakes := false
	if look && waited >= lookPause {
		var over bool
		if over, clientTakes = p.look(c, current, token); over {
			return
		}
	}
	clientsTurn := current == awaiting && upload == uploading // its pause has a limit of its own
	if limit := p.limit(current); limit > 0 && waited >= limit && !clientsTurn && c.pace.expire(token) {
		p.end(c, current)
	}
	if !upload.isOfBody() || !isRequest(current) {
		return
	}
	if look && (clientTakes && upload == uploading || c.isDraining(upload == sending)) {
		c.uploadPace.refresh(uploadToken, &p.clock)
		return
	}
	if limit := p.limit(upload); p.clock.since(uploadSince) >= limit && c.uploadPace.expire(uploadToken) {
		p.end(c, upload)
	}
}

// farewell returns how long a connection may be idle while the proxy stops. On a
// new one a request may be on its way, and waiting for it costs nothing while
// other connections are waited for.
func (c *client) farewell() time.Duration {
	switch {
	case c.asked.Load():
		return watchPause
	case c.closing.Load():
		return 5 * watchPause
	}
	return time.Second
}

// isOfBody reports whether a request's body is being sent in this phase.
func (of phase) isOfBody() bool { return of == uploading || of == sending }

// isRequest reports whether a request is under way in this phase.
func isRequest(current phase) bool {
	switch current {
	case sending, awaiting, listening, answering:
		return true
	}
	return false
}

// end interrupts a phase that has expired.
func (p *Proxy) end(c *client, what phase) {
	switch what {
	case idling, reading:
		_ = c.conn.SetReadDeadline(longAgo)
	case uploading:
		c.interrupt(clientSilent)
	case answering:
		c.interrupt(clientReading)
		_ = c.conn.SetWriteDeadline(longAgo)
	case sending, awaiting, listening:
		c.interrupt(serverSilent)
	}
}

// look checks what a waiting request cannot see: whether the client has gone,
// and whether a slow receiver takes anything. It reports whether there is
// nothing left to wait for, and whether the client takes some of its answer,
// which can be asked only once in a round.
func (p *Proxy) look(c *client, current phase, token uint64) (over, clientTakes bool) {
	switch current {
	case awaiting, listening, sending:
		if c.hasGone() {
			c.interrupt(clientGone)
			return true, false
		}
		if current == sending && c.isDraining(true) {
			c.pace.refresh(token, &p.clock)
		}
	case answering:
		if clientTakes = c.isDraining(false); clientTakes {
			c.pace.refresh(token, &p.clock)
		}
	}
	return false, clientTakes
}

// hasGone reports whether the client has closed its side. It could still be
// waiting for the answer, but none is known to; nginx takes it for gone, too.
func (c *client) hasGone() bool {
	return c.poll(unix.POLLRDHUP)&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// poll returns which of the events are pending on the client's connection, and
// whether it is broken (poll(2)).
func (c *client) poll(events int16) (found int16) {
	err := c.raw.Control(func(descriptor uintptr) {
		set := []unix.PollFd{{Fd: int32(descriptor), Events: events}}
		if _, err := unix.Poll(set, 0); err == nil {
			found = set[0].Revents
		}
	})
	if err != nil { // it is closed
		return unix.POLLNVAL
	}
	return found
}

// isDraining reports whether the receiver has taken some of what was sent since
// the last look: the kernel knows how much it has not acknowledged.
func (c *client) isDraining(toServer bool) (moved bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	raw, last := c.raw, &c.queues[0]
	if toServer {
		if c.link == nil {
			return false
		}
		raw, last = c.link.raw, &c.queues[1]
	}
	queue := 0
	if raw.Control(func(descriptor uintptr) { queue, _ = unix.IoctlGetInt(int(descriptor), unix.TIOCOUTQ) }) != nil {
		return false
	}
	moved = queue != *last && *last != 0
	*last = queue
	return moved
}
