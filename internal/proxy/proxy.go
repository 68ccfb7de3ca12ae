// Package proxy forwards every request to the server whose turn it is. The
// order is a Redis list that each request rotates by one: the list alone decides
// where requests go, and redis-cli shows it.
//
// A connection has one goroutine, which reads a request's head, takes a turn
// (turns.go), sends the request to the server and passes the answer on
// (forward.go); a body that is still coming is sent by a second one
// (upload.go). Package http1 parses the messages. One goroutine watches all
// connections for what takes too long (watch.go).
package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"deux/internal/program"
)

// Proxy serves the clients of one pool.
type Proxy struct {
	config  Config
	rotor   *rotor
	metrics *metrics
	log     *slog.Logger
	clock   clock
	pauses  pauses

	underWay  atomic.Int64 // requests
	requests  atomic.Uint64
	piecesOut atomic.Int64
	stopping  atomic.Bool // told to end: no connection goes on after its answer
	closing   atomic.Bool // no new connection comes any more
	endBy     time.Time   // while stopping

	refused     atomic.Int64  // connections that were one too many
	turningAway chan struct{} // holds one for each of them that is being told so

	mu       sync.Mutex
	clients  map[*client]struct{}
	byOrigin map[netip.Addr]int
	snapshot []*client       // for the watch
	serving  *sync.WaitGroup // the connections being served
}

func newProxy(config Config, lists rotation, turns turns, log *slog.Logger) *Proxy {
	p := &Proxy{
		config: config, rotor: newRotor(lists, turns, log), log: log, pauses: usualPauses,
		clients: make(map[*client]struct{}), byOrigin: make(map[netip.Addr]int), serving: new(sync.WaitGroup),
		turningAway: make(chan struct{}, mostTurnedAway),
	}
	p.rotor.busy = func() int { return int(p.underWay.Load()) }
	p.metrics = newMetrics(p)
	return p
}

// serve answers what comes to the listener until ctx ends and the requests then
// under way have ended. It then closes the listener, lets those that came
// meanwhile end too, and cuts off what is not done in time.
func (p *Proxy) serve(ctx context.Context, listener net.Listener) error {
	p.log.Info("Serving", "address", listener.Addr().String())
	defer listener.Close()
	outlived := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(outlived)
		p.outlive()
		_ = listener.(*net.TCPListener).SetDeadline(longAgo)
	})
	defer stop()
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			p.admit(conn.(*net.TCPConn), conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap())
		case ctx.Err() != nil:
			<-outlived
			p.closing.Store(true)
			p.acceptBacklog(listener.(*net.TCPListener))
			_ = listener.Close()
			p.finishServing()
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // out of descriptors, or the client has gone again
			p.log.Warn("Accepting failed, will retry", "error", err)
			program.Sleep(ctx, 50*time.Millisecond)
		}
	}
}

// outlive waits until the present connections have ended, each after the answer
// that it is at. New ones still get one answer each, because until the next
// proxy listens they would be refused. A fifth of the timeout is left for them.
func (p *Proxy) outlive() {
	p.mu.Lock()
	p.stopping.Store(true)
	p.endBy = time.Now().Add(p.config.ShutdownTimeout)
	old := p.serving
	p.serving = new(sync.WaitGroup)
	p.serving.Go(old.Wait)
	p.mu.Unlock()
	endsWithin(old, p.config.ShutdownTimeout*4/5)
}

// endsWithin waits for the group, and reports whether it ended in time.
func endsWithin(group *sync.WaitGroup, patience time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(patience):
		return false
	}
}

// finishServing waits for the connections that are left, and cuts off what is
// not done in time.
func (p *Proxy) finishServing() {
	if endsWithin(p.serving, time.Until(p.endBy)) {
		return
	}
	p.mu.Lock()
	p.log.Warn("Requests cut off", "waited", p.config.ShutdownTimeout, "connections", len(p.clients))
	for c := range p.clients {
		_ = c.conn.Close()
		c.interrupt(clientGone)
	}
	p.mu.Unlock()
	p.serving.Wait()
}
