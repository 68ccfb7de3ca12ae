package load

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Pace asks the turn's URL rate times a second over its kept connections,
// whether answers come or not. A latency counts from the moment at which its
// request was due: while a server stalls, the requests that should have been
// sent meanwhile grow old too, and show in P99 (no coordinated omission).
// Requests are due at even intervals; they wait if no connection is free.
//
// It is one loop around ppoll(2), so that it takes little processor time from
// the server and wakes within tens of microseconds.
func Pace(ctx context.Context, turn Turn, rate float64) (Result, error) {
	target, err := url.Parse(turn.URL)
	if err != nil {
		return Result{}, err
	}
	address, err := netip.ParseAddrPort(target.Host)
	if err != nil {
		return Result{}, fmt.Errorf("pacing %s: %w", turn.URL, err)
	}
	p := &pacer{
		address:  address,
		request:  []byte("GET " + target.RequestURI() + " HTTP/1.1\r\nHost: " + target.Host + "\r\n\r\n"),
		interval: time.Duration(float64(time.Second) / rate),
	}
	defer p.close()
	for range turn.Connections {
		if err := p.dial(); err != nil {
			return Result{}, err
		}
	}
	if err := p.run(ctx, turn.Duration); err != nil {
		return Result{}, err
	}
	return p.result(), nil
}

// patience is how long the last answers may take after the turn.
const patience = 2 * time.Second

type pacer struct {
	address  netip.AddrPort
	request  []byte
	interval time.Duration

	idle      []*connection // the one that has waited longest comes first
	busy      []*connection
	latencies []time.Duration
	failures  int
	took      time.Duration
}

func (p *pacer) dial() error {
	c, err := dial(net.TCPAddrFromAddrPort(p.address))
	if err == nil {
		p.idle = append(p.idle, c)
	}
	return err
}

func (p *pacer) close() {
	for _, c := range slices.Concat(p.idle, p.busy) {
		c.close()
	}
}

func (p *pacer) run(ctx context.Context, duration time.Duration) error {
	begun := time.Now()
	due, end := begun, begun.Add(duration)
	for due.Before(end) || len(p.busy) > 0 {
		now := time.Now()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if now.After(end.Add(patience)) {
			break
		}
		for ; !due.After(now) && due.Before(end) && len(p.idle) > 0; due = due.Add(p.interval) {
			p.send(due)
		}
		wait := 100 * time.Millisecond // so that ctx and patience are seen
		if len(p.idle) > 0 && due.Before(end) {
			wait = min(wait, max(0, time.Until(due)))
		}
		if err := poll(p.busy, wait); err != nil {
			return err
		}
		if err := p.receive(); err != nil {
			return err
		}
	}
	p.failures += len(p.busy)
	for ; due.Before(end); due = due.Add(p.interval) {
		p.failures++ // due, and no connection free for it until the end
	}
	p.took = time.Since(begun)
	return nil
}

func (p *pacer) send(due time.Time) {
	c := p.idle[0]
	p.idle = p.idle[1:]
	c.due = due
	c.send(p.request)
	p.busy = append(p.busy, c)
}

// receive reads from the connections that poll found readable. One that broke
// counts as a failure and is replaced.
func (p *pacer) receive() error {
	waiting := p.busy[:0]
	var err error
	for _, c := range p.busy {
		switch {
		case !c.readable:
			waiting = append(waiting, c)
		case !c.receive():
			p.failures++
			c.close()
			if failed := p.dial(); failed != nil {
				err = failed
			}
		case c.answered:
			p.latencies = append(p.latencies, time.Since(c.due))
			p.idle = append(p.idle, c)
		default:
			waiting = append(waiting, c)
		}
	}
	p.busy = waiting
	return err
}

func (p *pacer) result() Result {
	result := Result{Requests: len(p.latencies), Failures: p.failures, Took: p.took}
	if len(p.latencies) > 0 {
		slices.Sort(p.latencies)
		result.P50 = p.latencies[len(p.latencies)/2]
		result.P99 = p.latencies[len(p.latencies)*99/100]
	}
	return result
}
