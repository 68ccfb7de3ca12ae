package proxy

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"deux/internal/http1"
)

// link is one connection to a server.
type link struct {
	*net.TCPConn
	upstream *upstream
	in       http1.Reader
	reused   bool  // it has had a request before
	since    int64 // when it was put away, by the clock

	raw   syscall.RawConn
	peek  func(descriptor uintptr)
	quiet bool // what peek found
}

func newLink(conn *net.TCPConn, to *upstream) *link {
	l := &link{TCPConn: conn, upstream: to}
	l.in.Reset(conn)
	l.raw, _ = conn.SyscallConn() // fails only for a nil connection
	l.peek = func(descriptor uintptr) {
		var one [1]byte
		_, _, err := unix.Recvfrom(int(descriptor), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		l.quiet = err == unix.EAGAIN
	}
	return l
}

// isQuiet reports whether the connection is open and nothing on it is unread.
func (l *link) isQuiet() bool {
	if l.in.Buffered() > 0 || l.raw.Control(l.peek) != nil {
		return false
	}
	return l.quiet
}

// closeUnlessQuiet closes the connection unless isQuiet, and reports whether it
// did.
func (l *link) closeUnlessQuiet() (closed bool) {
	if l.isQuiet() {
		return false
	}
	l.close()
	return true
}

func (l *link) close() { _ = l.TCPConn.Close() }
