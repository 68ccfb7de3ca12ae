package proxy

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"deux/internal/http1"
)

// client is one connection from a client, with everything that a request on it
// needs, reused by the next one.
type client struct {
	*Proxy
	conn    *net.TCPConn
	raw     syscall.RawConn
	peer    netip.Addr
	trusted bool // the peer's forwarding fields are believed
	in      http1.Reader
	out     []byte

	request http1.Request
	answer  http1.Response
	body    http1.Body // of the answer
	sent    http1.Body // of the request
	whole   []byte     // the request's body, if all of it is here: it can be sent twice
	waiter  *waiter
	at      exchange

	asked   atomic.Bool // a request has come on the connection
	pace    wait        // of the goroutine that answers
	why     atomic.Int32
	movable atomic.Bool // another server may get the request instead
	endless atomic.Bool // the answer has no end of its own

	uploading   bool // a second goroutine sends the request's body
	uploadPace  wait
	bodyTaken   atomic.Bool // the whole body has come from the client
	uploadError error       // what is wrong with the body
	uploaded    chan error

	mu     sync.Mutex // guards what follows, which the watch uses too
	link   *link
	queues [2]int // bytes that the client and the server had not taken when the watch last looked
}

// exchange is what is remembered about one request, for the log and the metrics.
type exchange struct {
	began     time.Time
	answered  time.Time     // when the head of the answer came; only for the log
	toHead    time.Duration // until then, if the answer has no end of its own; else 0
	to        *upstream
	tried     []*upstream
	attempts  int
	status    int
	headSent  bool
	mustClose bool
	oneShot   bool // it cannot be sent twice, so it gets a new connection
	sentBytes int64
	id        []byte
	err       error
}

func (p *Proxy) newClient(conn *net.TCPConn, peer netip.Addr, trusted bool) *client {
	c := &client{
		Proxy: p, conn: conn, peer: peer, trusted: trusted,
		out: make([]byte, 0, outSize), waiter: newWaiter(), uploaded: make(chan error, 1),
	}
	c.raw, _ = conn.SyscallConn() // fails only for a nil connection
	c.in.Reset(conn)
	return c
}

const (
	// outSize is room for a head and for a short body behind it.
	outSize = 4 << 10
	// mostOut is how much room is kept after a longer head has been sent, while
	// the answer to it is awaited and passed on.
	mostOut = 4 * outSize
)

// serve answers the requests on the connection, one after the other.
func (c *client) serve() {
	defer c.conn.Close()
	for c.next() && c.exchange() {
		c.in.Next()
	}
}

// next reads a request's head, and refuses a request that is not valid.
func (c *client) next() bool {
	if !c.pace.enter(idling, &c.clock) || c.in.Wait() != nil || !c.pace.enter(reading, &c.clock) {
		return false
	}
	c.asked.Store(true)
	c.at = exchange{began: time.Now(), tried: c.at.tried[:0]}
	c.request = http1.Request{Fields: c.request.Fields[:0]} // a refusal reads it
	head, err := c.in.Head(c.config.Limits, true)
	if !c.pace.enter(working, &c.clock) {
		if err != nil && c.in.Buffered() == 0 {
			return false // an empty line alone is not a request
		}
		err = errSlowHead
	}
	if err == nil {
		err = c.request.Parse(head, c.config.Limits)
	}
	if err == nil && c.config.MaxBodyBytes > 0 && c.request.Body.Length > int64(c.config.MaxBodyBytes) {
		err = http1.ErrTooLarge
	}
	if wrong, is := errors.AsType[*http1.Error](err); is {
		c.at.mustClose = true
		c.refuse(wrong)
		c.finish()
		c.linger()
	}
	return err == nil
}

// exchange has the request answered, and reports whether another may follow on
// the connection.
func (c *client) exchange() (again bool) {
	c.underWay.Add(1)
	c.why.Store(int32(none))
	c.uploading = false
	c.bodyTaken.Store(false)
	c.endless.Store(false)
	c.identify()
	err := c.forward()
	unfinished := c.endUpload()
	c.pace.enter(working, &c.clock)
	c.at.err = err
	if err != nil {
		c.giveUp(err)
	}
	c.release()
	c.underWay.Add(-1)
	c.finish()
	if c.at.mustClose && (unfinished || err != nil || !c.sent.Ended() || c.in.Buffered() > 0 || c.poll(unix.POLLIN) != 0) {
		c.linger()
	}
	return !c.at.mustClose
}

// giveUp tells the client that its request has failed: with a refusal or, if an
// answer has started, by breaking off the connection. After a refusal the
// connection goes on if all of the request has come.
func (c *client) giveUp(err error) {
	if c.at.headSent || !c.sent.Ended() || errors.Is(err, errNoAnswer) || c.why.Load() != int32(none) {
		c.at.mustClose = true
	}
	switch {
	case errors.Is(err, errClientGone) || errors.Is(err, errClientReading):
		c.at.status = 499
		c.abort()
	case c.at.headSent:
		c.at.status = c.statusOfCut(err)
		c.abort()
	default:
		c.refuse(err)
	}
}

// statusOfCut returns the status that an answer which broke off counts with:
// what its client would have been told before the answer started. An event stream
// that the proxy ends was a success.
func (c *client) statusOfCut(err error) int {
	if errors.Is(err, errStopping) {
		return c.at.status
	}
	status, _ := c.verdict(err)
	return status
}

// abort resets the connection, so that a part of an answer cannot pass for the
// whole, even if only the end of the connection marks the end of the answer.
func (c *client) abort() {
	c.at.mustClose = true
	_ = c.conn.SetLinger(0)
	_ = c.conn.Close()
}

// linger closes the connection so that the client gets the answer: it closes the
// write side and reads what the client still sends, because closing with unread
// data resets the connection, and the answer may be lost (RFC 9112 section 9.6).
func (c *client) linger() {
	if c.conn.CloseWrite() != nil {
		return
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.CopyN(io.Discard, onlyReader{c.conn}, lingerBytes)
}

// onlyReader hides that a connection could be copied without a buffer.
type onlyReader struct{ io.Reader }

const (
	lingerTimeout = 2 * time.Second
	lingerBytes   = 8 << 20
)

// write sends a part of an answer.
func (c *client) write(part []byte) error {
	c.pace.enter(answering, &c.clock)
	n, err := c.conn.Write(part)
	c.at.sentBytes += int64(n)
	if !c.pace.enter(working, &c.clock) {
		return errClientReading
	}
	if err != nil {
		return errClientGone
	}
	return nil
}

// release ends the request at its server.
func (c *client) release() {
	if c.at.to != nil {
		c.at.to.requests.Add(-1)
		c.at.to.inFlight.Add(-1)
		c.at.to = nil
	}
}
