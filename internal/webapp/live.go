package webapp

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"deux/internal/fleet"
	"deux/internal/overview"
	"deux/internal/program"
)

// Bounds on what the viewers of one server cost.
const (
	maxViewers = 200
	// backlog is how many messages wait for a slow viewer. At one more it is
	// dropped, and comes back for the whole state.
	backlog = 16
)

// Reasons why another viewer is refused.
var (
	errTooManyViewers = errors.New("too many viewers")
	errNoMoreEvents   = errors.New("this server is about to stop")
)

// live looks at the lists on behalf of all viewers: once for all of them, and
// not at all without any.
type live struct {
	server fleet.Server // its own
	store  store
	reader *overview.Reader
	redis  *program.Outage
	log    *slog.Logger

	turn chan struct{} // full while somebody looks, so that looks never overlap

	mu          sync.Mutex // guards everything below; not held while Redis is waited for
	painter     *painter
	last        overview.Overview // At is zero before the first look
	shown       scene             // what all viewers were told
	viewers     map[*viewer]bool
	isFollowing bool // follow runs
	isAwaiting  bool // awaitDrain runs
	isClosed    bool // the server is about to stop
}

// viewer is one stream. Its channel is closed when it has to end.
type viewer struct{ messages chan []byte }

func newLive(config Config, store store, redis *program.Outage, log *slog.Logger) *live {
	return &live{
		server:  config.Site.Server(config.Port),
		store:   store,
		reader:  overview.NewReader(config.Site, store.Snapshot),
		redis:   redis,
		log:     log,
		turn:    make(chan struct{}, 1),
		painter: newPainter(config, log),
		viewers: make(map[*viewer]bool),
	}
}

// now returns the current dashboard. If Redis does not answer in time it returns
// the last one as stale, if there is one, together with the error.
func (l *live) now(ctx context.Context) (scene, error) {
	err := l.look(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && !l.last.At.IsZero() {
		return l.paint(l.last.Away(), true), err
	}
	return l.shown, err
}

// watch returns a new viewer, whose first message is the whole dashboard.
func (l *live) watch(ctx context.Context) (*viewer, error) {
	if err := l.mayWatch(); err != nil {
		return nil, err
	}
	cause := l.look(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.hasRoom(); err != nil {
		return nil, err
	}
	switch {
	case l.last.At.IsZero():
		return nil, cause
	case cause != nil && len(l.viewers) == 0: // nobody else looks
		l.lose()
	}
	v := &viewer{make(chan []byte, backlog)}
	v.messages <- encode(update{IsAll: true, Put: l.shown.fragments, Version: version})
	l.viewers[v] = true
	l.start()
	return v, nil
}

// mayWatch is hasRoom for a caller that does not hold the lock.
func (l *live) mayWatch() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hasRoom()
}

// hasRoom returns why there cannot be another viewer, or nil.
func (l *live) hasRoom() error {
	switch {
	case l.isClosed:
		return errNoMoreEvents
	case len(l.viewers) >= maxViewers:
		return errTooManyViewers
	}
	return nil
}

// start has somebody look for the viewers, if nobody does yet.
func (l *live) start() {
	if !l.isFollowing {
		l.isFollowing = true
		go l.follow()
	}
	if !l.isAwaiting {
		l.isAwaiting = true
		go l.awaitDrain()
	}
}

// leave forgets a viewer.
func (l *live) leave(v *viewer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(v)
}

func (l *live) drop(v *viewer) {
	if l.viewers[v] {
		delete(l.viewers, v)
		close(v.messages)
	}
}

// close ends all streams for good: a server that leaves the rotation is stopped
// only after its last request has ended, and a stream is a request.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isClosed = true
	l.dropAll()
}

func (l *live) dropAll() {
	for v := range l.viewers {
		l.drop(v)
	}
}
