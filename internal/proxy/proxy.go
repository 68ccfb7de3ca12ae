// Package proxy forwards every request to the server whose turn it is. The
// order is a Redis list that each request rotates by one, so that whoever
// writes the list decides where requests go, and redis-cli shows it.
//
// A connection has one goroutine, which reads a request's head, takes a turn
// (turns.go), sends the request to the server and passes the answer on
// (forward.go); a body that is still coming is sent by a second one
// (upload.go). Messages are package http1's. One goroutine for all watches what
// takes too long (watch.go).
package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"deux/internal/program"
)

// Proxy serves the clients of one pool.
type Proxy struct {
	config  Config
	rotor   *rotor
	metrics *metrics
	log     *slog.Logger
	clock   clock

	underWay atomic.Int64 // requests
	requests atomic.Uint64
	stopping atomic.Bool

	mu       sync.Mutex
	clients  map[*client]struct{}
	byPeer   map[netip.Addr]int
	snapshot []*client // of the watch
	serving  sync.WaitGroup
}

func newProxy(config Config, lists rotation, turns turns, log *slog.Logger) *Proxy {
	p := &Proxy{
		config: config, rotor: newRotor(lists, turns, log), log: log,
		clients: make(map[*client]struct{}), byPeer: make(map[netip.Addr]int),
	}
	p.rotor.busy = func() int { return int(p.underWay.Load()) }
	p.metrics = newMetrics(p)
	return p
}

// serve answers what comes to the listener until ctx ends. Then it lets the
// requests under way end within the time for that, and cuts off the rest.
func (p *Proxy) serve(ctx context.Context, listener net.Listener) error {
	p.log.Info("Serving", "address", listener.Addr().String())
	defer listener.Close()
	stop := context.AfterFunc(ctx, func() {
		p.stopping.Store(true)
		_ = listener.(*net.TCPListener).SetDeadline(longAgo)
	})
	defer stop()
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			p.admit(conn.(*net.TCPConn))
		case ctx.Err() != nil:
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

// acceptBacklog admits the connections that the kernel has made already: they
// would be reset when the listener is closed (listen(2), backlog). A listener
// whose deadline is over accepts none any more.
func (p *Proxy) acceptBacklog(listener *net.TCPListener) {
	raw, err := listener.SyscallConn()
	for err == nil {
		var descriptor int
		failed := raw.Control(func(listening uintptr) {
			descriptor, _, err = unix.Accept4(int(listening), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		})
		if failed != nil || err != nil {
			return
		}
		file := os.NewFile(uintptr(descriptor), "client")
		conn, err := net.FileConn(file) // has a descriptor of its own
		_ = file.Close()
		if err == nil {
			p.admit(conn.(*net.TCPConn))
		}
	}
}

// admit serves a connection, if there may be another one.
func (p *Proxy) admit(conn *net.TCPConn) {
	peer := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	c := p.newClient(conn, peer)
	p.mu.Lock()
	full := len(p.clients) >= p.config.MaxConnections || !c.trusted && p.byPeer[peer] >= p.config.MaxClientConnections
	if !full {
		p.clients[c] = struct{}{}
		p.byPeer[peer]++
	}
	p.mu.Unlock()
	if full {
		p.serving.Go(func() {
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			c.at.mustClose = true
			c.request.Minor = 1
			c.refuse(errTooMany)
			c.linger()
		})
		return
	}
	p.serving.Go(func() {
		defer p.dismiss(c)
		c.serve()
	})
}

func (p *Proxy) dismiss(c *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, c)
	if p.byPeer[c.peer]--; p.byPeer[c.peer] == 0 {
		delete(p.byPeer, c.peer)
	}
}

func (p *Proxy) finishServing() {
	ended := make(chan struct{})
	go func() {
		p.serving.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return
	case <-time.After(p.config.ShutdownTimeout):
	}
	p.mu.Lock()
	p.log.Warn("Requests cut off", "waited", p.config.ShutdownTimeout, "connections", len(p.clients))
	for c := range p.clients {
		_ = c.conn.Close()
		c.interrupt(clientGone)
	}
	p.mu.Unlock()
	<-ended
}
