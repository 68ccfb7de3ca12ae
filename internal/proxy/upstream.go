package proxy

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"deux/internal/fleet"
)

// upstream is one server as the proxy knows it: the connections that are kept
// to it, the requests in flight, and whether it is left out for a moment.
type upstream struct {
	fleet.Server
	inFlight atomic.Int64 // turns in stock and requests; the server has drained when it is 0
	requests atomic.Int64 // of these, those that requests have
	draining atomic.Bool
	heard    atomic.Int64 // when its last byte came, by the clock
	failing  atomic.Bool  // its last request failed for a fault of its own
	seen     serverMetrics

	mu       sync.Mutex
	kept     []*link // without a request, the last used at the end
	retired  []*link // to be closed, once their servers have had the time to be first
	failures int     // in a row
	outUntil int64   // by the clock
	hangs    bool    // it did not answer when it was asked, and has not since
	probing  bool
}

// dropTurn drops a turn in stock if its server drains, and reports whether it
// has.
func (u *upstream) dropTurn() (dropped bool) {
	if !u.draining.Load() {
		return false
	}
	u.inFlight.Add(-1)
	return true
}

const (
	// keepTimeout is how long an unused connection is kept: less than most
	// servers do, so that it is seldom they who close it.
	keepTimeout = 30 * time.Second
	// mostKept bounds the unused connections to one server.
	mostKept = 512
	// firstOut is how long a server that failed is left out; each failure in a
	// row doubles it, up to longestOut.
	firstOut   = time.Second
	longestOut = 8 * time.Second
)

// keptLink returns a connection that is open and has nothing unread, or nil. A
// byte that nobody asked for would be taken for the beginning of the next
// answer.
func (u *upstream) keptLink() *link {
	for {
		u.mu.Lock()
		if len(u.kept) == 0 {
			u.mu.Unlock()
			return nil
		}
		last := u.kept[len(u.kept)-1]
		u.kept = u.kept[:len(u.kept)-1]
		u.mu.Unlock()
		if last.isQuiet() {
			return last
		}
		last.close()
	}
}

// keep takes a connection back whose answer has been read to its end.
func (u *upstream) keep(l *link, now int64) {
	l.reused, l.since = true, now
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.draining.Load() || len(u.kept) == mostKept {
		l.close()
		return
	}
	u.kept = append(u.kept, l)
}

// retire closes a connection that its server has been asked to close, a little
// later: who closes first keeps the port for a minute (RFC 9293 section 3.3.2,
// TIME-WAIT), and of the proxy's there are 28,000.
func (u *upstream) retire(l *link, now int64) {
	l.since = now
	u.mu.Lock()
	defer u.mu.Unlock()
	u.retired = append(u.retired, l)
}

// retirement is how long a server has to close a connection.
const retirement = 200 * time.Millisecond

// sweep closes the connections that have been unused for too long, and those on
// which their server has ended or said something unasked (RFC 9112 section 9.2).
// With all set it closes all unused ones: many a server waits for that when it is
// told to stop (http.Server.Shutdown of Go: five seconds).
func (u *upstream) sweep(now *clock, all bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.kept = slices.DeleteFunc(closeOld(u.kept, now, keepTimeout, all), (*link).closeUnlessQuiet)
	u.retired = closeOld(u.retired, now, retirement, all)
}

func closeOld(links []*link, now *clock, age time.Duration, all bool) []*link {
	old := 0
	for old < len(links) && (all || now.since(links[old].since) >= age) {
		links[old].close()
		old++
	}
	return append(links[:0], links[old:]...)
}

// failed leaves the server out for a moment. What fails while it is left out was
// sent before: that is not one more failure in a row.
func (u *upstream) failed(now *clock) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.outUntil > now.now.Load() {
		return
	}
	out := min(firstOut<<min(u.failures, 10), longestOut)
	u.failures++
	u.failing.Store(true)
	u.outUntil = now.now.Load() + out.Milliseconds()
}

// hung leaves the server out until it answers: every request that came back too
// early would wait as long as the first. It reports whether that is news.
func (u *upstream) hung(now *clock) (first bool) {
	u.failed(now)
	u.mu.Lock()
	defer u.mu.Unlock()
	first, u.hangs = !u.hangs, true
	return first
}

// awake says that the server answers when it is asked, and so does not hang.
func (u *upstream) awake(now *clock) {
	u.heard.Store(now.now.Load())
	u.mu.Lock()
	hung := u.hangs
	u.mu.Unlock()
	if hung {
		u.forgive()
	}
}

// isDue reports whether the server hangs and should be asked again.
func (u *upstream) isDue(now *clock) bool {
	if !u.failing.Load() {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.hangs && u.outUntil <= now.now.Load()
}

// answered ends that.
func (u *upstream) answered(now *clock) {
	u.heard.Store(now.now.Load())
	if u.failing.Load() {
		u.forgive()
	}
}

// forgive forgets that the server has failed.
func (u *upstream) forgive() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failures, u.outUntil, u.hangs = 0, 0, false
	u.failing.Store(false)
}

func (u *upstream) isOut(now *clock) bool {
	if !u.failing.Load() {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.hangs || u.outUntil > now.now.Load()
}

// dial opens a connection to the server.
func (u *upstream) dial(timeout time.Duration) (*link, error) {
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.Dial("tcp", u.Address())
	if err != nil {
		return nil, err
	}
	return newLink(conn.(*net.TCPConn), u), nil
}
