package stream

import (
	"context"
	"sync"
	"time"
)

// readFunc reads the source once, from its beginning, and returns when ctx ends.
type readFunc func(ctx context.Context) ([]byte, error)

// gatherTime bounds how long a read waits for callers to share it: about as
// long as socat takes to fork and to send a short file.
const gatherTime = 2 * time.Millisecond

// shared lets many callers share reads of one source, one read at a time. A
// caller that comes while a read is under way waits for the next: every caller
// gets what was read no earlier than it asked.
//
// Callers that were just answered often ask again at once. If the next read
// began before they did, each read would serve about half of the callers, and
// each caller would wait for two. So it waits until as many have come as there
// are, no longer than gather. Databases call this a group commit.
type shared struct {
	read    readFunc
	timeout time.Duration // of one read
	gather  time.Duration // of the wait for callers before a read, at most

	mu      sync.Mutex
	next    *batch // the callers that wait for a read that has not started, if any
	running bool   // whether serve runs

	expected int           // how many callers gathering waits for
	complete chan struct{} // closed when they have come; nil when nothing gathers
}

// batch is one read and the callers that wait for it.
type batch struct {
	ctx     context.Context // ends when no caller waits any more
	cancel  context.CancelFunc
	waiting int // guarded by shared.mu

	done chan struct{} // closed once text and err are there
	text []byte
	err  error
}

func newBatch() *batch {
	ctx, cancel := context.WithCancel(context.Background())
	return &batch{ctx: ctx, cancel: cancel, done: make(chan struct{})}
}

// get returns what a read gave that started after the call. Callers share the
// bytes and must not change them. It takes up to two time-outs: the rest of the
// read under way, and its own. When ctx ends, get returns its error, and the
// read goes on if other callers wait for it.
func (s *shared) get(ctx context.Context) ([]byte, error) {
	b := s.join()
	select {
	case <-b.done:
		return b.text, b.err
	case <-ctx.Done():
		s.leave(b)
		return nil, ctx.Err()
	}
}

func (s *shared) join() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = newBatch()
	}
	s.next.waiting++
	if s.complete != nil && s.next.waiting >= s.expected {
		close(s.complete)
		s.complete = nil
	}
	if !s.running {
		s.running = true
		go s.serve()
	}
	return s.next
}

func (s *shared) leave(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.waiting--
	if b.waiting > 0 {
		return
	}
	b.cancel()
	if s.next == b {
		s.next = nil
	}
}

// serve reads for one batch after another until no caller waits.
func (s *shared) serve() {
	for b := s.take(); b != nil; b = s.take() {
		s.readFor(b)
		complete := s.expect(b) // before a caller is answered, and asks again
		close(b.done)
		s.gatherUntil(complete)
	}
}

func (s *shared) readFor(b *batch) {
	ctx, cancel := context.WithTimeout(b.ctx, s.timeout)
	defer cancel()
	defer b.cancel()
	b.text, b.err = s.read(ctx)
}

// gatherUntil gives the callers that were just answered time to ask again.
func (s *shared) gatherUntil(complete <-chan struct{}) {
	timer := time.NewTimer(s.gather)
	defer timer.Stop()
	select {
	case <-complete:
	case <-timer.C:
	}
}

// expect returns a channel that is closed when as many callers as wait for the
// batch have joined the next one.
func (s *shared) expect(b *batch) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected = b.waiting
	if s.next != nil {
		s.expected += s.next.waiting
	}
	s.complete = make(chan struct{})
	return s.complete
}

// take closes the next batch to newcomers and returns it; nil ends serve.
func (s *shared) take() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.next
	s.next, s.complete = nil, nil
	s.running = b != nil
	return b
}
