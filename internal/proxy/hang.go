package proxy

import (
	"fmt"
	"time"

	"deux/internal/program"
)

// pauses are what the proxy waits for that is not a setting.
type pauses struct {
	// suspect is how long a server may be silent, while requests wait for it,
	// before it is asked whether it hangs.
	suspect time.Duration
	// probe is how long it has to answer then.
	probe time.Duration
	// first is how often a first server that is not listed is looked for.
	first time.Duration
	// firstElsewhere is the same when it answers and another list has it.
	firstElsewhere time.Duration
}

var usualPauses = pauses{suspect: time.Second, probe: time.Second, first: 200 * time.Millisecond, firstElsewhere: time.Second}

// checkServers looks after every server: with sweep set closes what is unused,
// and asks those that keep requests waiting, or have hung, whether they hang.
func (p *Proxy) checkServers(sweep bool) {
	waiting := p.longestWaits()
	for _, to := range p.rotor.upstreams() {
		if sweep {
			to.sweep(&p.clock, false)
		}
		since, waits := waiting[to]
		suspected := waits && p.clock.since(max(since, to.heard.Load())) >= p.pauses.suspect
		if (suspected || to.isDue(&p.clock) && p.rotor.hasListed(to.Server)) && to.beginProbe() {
			go p.probe(to)
		}
	}
}

// longestWaits returns the servers that have requests to answer, with the time
// since when the one waits that has waited longest.
func (p *Proxy) longestWaits() map[*upstream]int64 {
	longest := make(map[*upstream]int64)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.clients {
		current, since, _ := c.pace.read()
		to := c.server()
		if current != awaiting || to == nil {
			continue
		}
		if earlier, known := longest[to]; !known || since < earlier {
			longest[to] = since
		}
	}
	return longest
}

// server returns the server that the client's request is at, or nil.
func (c *client) server() *upstream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		return nil
	}
	return c.link.upstream
}

func (u *upstream) beginProbe() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.probing {
		return false
	}
	u.probing = true
	return true
}

// probe asks a server for anything (OPTIONS *, RFC 9110 section 9.3.7). If
// nothing comes it hangs: it is left out until something does, and those of its
// requests that another server may have as well go on there.
func (p *Proxy) probe(to *upstream) {
	answers := p.answersProbe(to)
	if answers {
		to.awake(&p.clock)
	} else {
		if to.hung(&p.clock) {
			p.log.Warn("Server hangs, left out until it answers", "server", to.URL)
		}
		p.moveOn(to)
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	to.probing = false
}

func (p *Proxy) answersProbe(to *upstream) bool {
	l, err := to.dial(p.pauses.probe)
	if err != nil {
		return false
	}
	defer l.close()
	_ = l.SetDeadline(time.Now().Add(p.pauses.probe))
	if _, err := fmt.Fprintf(l, "OPTIONS * HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nConnection: close\r\n\r\n", to.Address(), program.ProbeAgent); err != nil {
		return false
	}
	return l.in.Wait() == nil
}

// moveOn interrupts the requests that wait for the server and may be repeated.
func (p *Proxy) moveOn(from *upstream) {
	p.mu.Lock()
	waiting := make(map[*client]uint64)
	for c := range p.clients {
		if current, _, token := c.pace.read(); current == awaiting && c.server() == from && c.movable.Load() {
			waiting[c] = token
		}
	}
	p.mu.Unlock()
	if len(waiting) == 0 || !p.rotor.others(from, &p.clock) {
		return
	}
	for c, token := range waiting {
		c.interruptAt(from, token)
	}
}
