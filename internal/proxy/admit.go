package proxy

import (
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// acceptBacklog admits the connections that the kernel has already made: closing
// the listener would reset them (listen(2), backlog). It does not use Accept,
// which fails once the listener's deadline is over.
func (p *Proxy) acceptBacklog(listener *net.TCPListener) {
	raw, err := listener.SyscallConn()
	for err == nil || err == unix.ECONNABORTED || err == unix.EINTR {
		var descriptor int
		var peer unix.Sockaddr
		failed := raw.Control(func(listening uintptr) {
			descriptor, peer, err = unix.Accept4(int(listening), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		})
		if failed != nil {
			return
		}
		if err == nil {
			p.admitDescriptor(descriptor, addressOf(peer))
		}
	}
}

// admitDescriptor admits a connection by its descriptor. If it was reset while it
// was in the queue, only accept still knows whose it was.
func (p *Proxy) admitDescriptor(descriptor int, peer netip.Addr) {
	file := os.NewFile(uintptr(descriptor), "client")
	defer file.Close()
	if conn, err := net.FileConn(file); err == nil { // has a descriptor of its own
		p.admit(conn.(*net.TCPConn), peer)
	}
}

func addressOf(peer unix.Sockaddr) netip.Addr {
	switch peer := peer.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(peer.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(peer.Addr).Unmap()
	}
	return netip.Addr{}
}

// admit serves a connection, unless there are too many.
func (p *Proxy) admit(conn *net.TCPConn, peer netip.Addr) {
	origin, trusted := originOf(peer), p.trusts(peer)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.clients) >= p.config.MaxConnections || !trusted && p.byOrigin[origin] >= p.config.MaxClientConnections {
		p.turnAway(conn, peer)
		return
	}
	c := p.newClient(conn, peer, trusted)
	p.clients[c] = struct{}{}
	p.byOrigin[origin]++
	p.serving.Go(func() {
		defer p.dismiss(c)
		c.serve()
	})
}

// originOf returns what MAX_CLIENT_CONNECTIONS counts as one address: for IPv6
// its 64-bit network, the least that a customer gets (RFC 6177), because clients
// choose the rest freely.
func originOf(peer netip.Addr) netip.Addr {
	if !peer.Is6() {
		return peer
	}
	network, _ := peer.WithZone("").Prefix(64) // fails only for too many bits
	return network.Addr()
}

// mostTurnedAway bounds the connections that are told at once that there are too
// many: to tell it takes buffers and a goroutine for up to three seconds.
const mostTurnedAway = 64

// turnAway refuses a connection that is one too many. The caller holds the mutex.
func (p *Proxy) turnAway(conn *net.TCPConn, peer netip.Addr) {
	p.refused.Add(1)
	select {
	case p.turningAway <- struct{}{}:
	default:
		_ = conn.SetLinger(0) // so that the kernel keeps nothing of it either
		_ = conn.Close()
		return
	}
	p.serving.Go(func() {
		defer func() { <-p.turningAway }()
		p.newClient(conn, peer, false).sayTooMany()
	})
}

func (c *client) sayTooMany() {
	defer c.conn.Close()
	_ = c.conn.SetDeadline(time.Now().Add(time.Second))
	c.at.mustClose = true
	c.request.Minor = 1
	c.refuse(errTooMany)
	c.linger()
}

func (p *Proxy) dismiss(c *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, c)
	origin := originOf(c.peer)
	if p.byOrigin[origin]--; p.byOrigin[origin] == 0 {
		delete(p.byOrigin, origin)
	}
}
