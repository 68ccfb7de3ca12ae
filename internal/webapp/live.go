package webapp

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

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
	// lookInterval is between two looks at the lists, while somebody watches.
	lookInterval = 250 * time.Millisecond
	// drainPatience is how long one wait for the drain list lasts, and drainPause
	// is between two.
	drainPatience = time.Second
	drainPause    = 20 * time.Millisecond
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

	mu          sync.Mutex // guards everything below; held while looking, so that looks never overlap
	painter     *painter
	last        overview.Overview // At is zero before the first look
	isStale     bool              // Redis no longer answers
	shown       scene             // last, as painted
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
		painter: newPainter(config, log),
		viewers: make(map[*viewer]bool),
	}
}

// now returns the current dashboard. If Redis is away it returns the last one, if
// there is one, together with Redis's error.
func (l *live) now(ctx context.Context) (scene, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.look(ctx)
	return l.shown, err
}

// watch returns a new viewer, whose first message is the whole dashboard.
func (l *live) watch(ctx context.Context) (*viewer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.isClosed:
		return nil, errNoMoreEvents
	case len(l.viewers) >= maxViewers:
		return nil, errTooManyViewers
	}
	if err := l.look(ctx); err != nil && l.last.At.IsZero() {
		return nil, err
	}
	v := &viewer{make(chan []byte, backlog)}
	v.messages <- encode(update{IsAll: true, Put: l.shown.fragments})
	l.viewers[v] = true
	if !l.isFollowing {
		l.isFollowing = true
		go l.follow()
	}
	if !l.isAwaiting {
		l.isAwaiting = true
		go l.awaitDrain()
	}
	return v, nil
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

// follow looks at the lists while anybody watches.
func (l *live) follow() {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for l.step() {
		<-ticker.C
	}
}

// step looks once and tells the viewers what has changed. It reports whether
// there are viewers.
func (l *live) step() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isFollowing = len(l.viewers) > 0; !l.isFollowing {
		return false
	}
	before := l.shown
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := l.look(ctx); err != nil {
		l.redis.Note(err)
	}
	if change := difference(before.fragments, l.shown.fragments); len(change.Put)+len(change.Gone) > 0 {
		l.tell(encode(change))
	}
	return true
}

// awaitDrain, while anybody watches, ends the streams as soon as this server
// drains. Waiting for the next look would make the destroy take that much
// longer.
func (l *live) awaitDrain() {
	for l.awaits() {
		if leaves, err := l.store.AwaitDraining(context.Background(), l.server, drainPatience); leaves && err == nil {
			l.mu.Lock()
			l.dropAll()
			l.mu.Unlock()
		}
		time.Sleep(drainPause) // other servers may drain for a long time
	}
}

// awaits reports whether anybody watches. If not, it marks awaitDrain as over
// under the same lock: otherwise the next viewer would rely on it.
func (l *live) awaits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isAwaiting = len(l.viewers) > 0
	return l.isAwaiting
}

// look reads the lists and paints them.
func (l *live) look(ctx context.Context) error {
	o, err := l.reader.Look(ctx)
	switch {
	case err == nil:
		l.redis.Note(nil)
		l.last, l.isStale = o, false
	case l.last.At.IsZero():
		return err
	default:
		l.isStale = true
		o = l.last.Away()
	}
	l.shown = scene{o.Verdict.What, l.painter.paint(o, l.isStale)}
	return err
}

// tell sends a message to all viewers. One that is not ready for it is dropped.
func (l *live) tell(text []byte) {
	for v := range l.viewers {
		select {
		case v.messages <- text:
		default:
			l.drop(v)
		}
	}
}
