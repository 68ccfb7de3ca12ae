package proxy

import (
	"sync/atomic"
	"time"
)

// phase is what a goroutine waits for, which decides how long it may wait.
type phase uint8

const (
	working    phase = iota // nothing that could last
	idling                  // the client's next request
	reading                 // the rest of a request's head
	holding                 // more of a request's body, which the client sends only once it is told to
	uploading               // more of a request's body
	sending                 // the server to take a part of the request
	awaiting                // the server's answer
	listening               // more of the server's answer
	answering               // the client to take a part of the answer
	tunnelling              // either side of an upgraded connection
	lingering               // the client to hang up
	expired                 // it has waited for too long, and is interrupted
)

// wait is the phase that a goroutine is in and since when. The goroutine sets
// it; the watch reads it a few times a second and interrupts what lasts too
// long. So a request needs no timer, and no deadline until it is late.
type wait struct{ state atomic.Uint64 }

const sinceBits = 56

// clock tells the time in steps of the watch, in milliseconds from its start.
type clock struct{ now atomic.Int64 }

func (c *clock) since(at int64) time.Duration {
	return time.Duration(c.now.Load()-at) * time.Millisecond
}

// enter starts a phase, and reports whether the one before was in time. If not,
// its connections are interrupted and the goroutine must give up.
func (w *wait) enter(next phase, now *clock) (inTime bool) {
	old := w.state.Swap(uint64(next)<<sinceBits | uint64(now.now.Load()))
	return phase(old>>sinceBits) != expired
}

// read returns the phase, since when, and a token for refresh and expire.
func (w *wait) read() (current phase, since int64, token uint64) {
	token = w.state.Load()
	return phase(token >> sinceBits), int64(token & (1<<sinceBits - 1)), token
}

// expire ends the phase that token stands for, unless it is over.
func (w *wait) expire(token uint64) bool {
	return w.state.CompareAndSwap(token, uint64(expired)<<sinceBits)
}

// change makes one phase another, if it is the current one, and starts that.
func (w *wait) change(from, to phase, now *clock) {
	if current, _, token := w.read(); current == from {
		w.state.CompareAndSwap(token, uint64(to)<<sinceBits|uint64(now.now.Load()))
	}
}

// refresh restarts the phase that token stands for, unless it is over.
func (w *wait) refresh(token uint64, now *clock) {
	w.state.CompareAndSwap(token, token>>sinceBits<<sinceBits|uint64(now.now.Load()))
}
