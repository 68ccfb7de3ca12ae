package webapp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
	"deux/internal/program"
)

// Bounds of what the viewers of one server may cost.
const (
	maxViewers = 200
	// backlog is how many messages wait for a viewer that is slow; with one
	// more it is dropped, and comes again for all of it.
	backlog = 16
	// lookInterval is between two looks at the lists, while somebody watches.
	lookInterval = 250 * time.Millisecond
	// drainPatience is how long one wait for the drain list lasts, and drainPause
	// is between two.
	drainPatience = time.Second
	drainPause    = 20 * time.Millisecond
)

// Why nobody more may watch.
var (
	errTooManyViewers = errors.New("too many viewers")
	errNoMoreEvents   = errors.New("this server is about to go")
)

// live looks at the lists on behalf of all who watch: however many they are, it
// looks once, and without any not at all.
type live struct {
	server fleet.Server // its own
	store  store
	reader *overview.Reader
	redis  *program.Outage
	log    *slog.Logger

	mu          sync.Mutex // for all below; looking takes it, so that two never do at once
	painter     *painter
	last        overview.Overview // At is zero before the first
	isStale     bool              // Redis does not answer any more
	shown       scene             // what last was painted as
	viewers     map[*viewer]bool
	isFollowing bool // follow runs
	isAwaiting  bool // awaitDrain runs
	isClosed    bool // the server is about to go
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

// update is what the stream carries: fragments that are new or differ, and the
// ids of those that are gone. If it is all there is, everything else is gone.
type update struct {
	IsAll bool       `json:"all,omitempty"`
	Put   []fragment `json:"put,omitempty"`
	Gone  []string   `json:"gone,omitempty"`
}

// scene is the dashboard at one moment.
type scene struct {
	title     string
	fragments []fragment
}

// now returns the dashboard of a page that is made just now. Without Redis it is
// the last one, if there was any, and err is Redis's all the same.
func (l *live) now(ctx context.Context) (scene, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.look(ctx)
	return l.shown, err
}

// watch returns a new viewer, whose first message is all there is.
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

// close ends all streams, for good: a server that leaves the rotation is waited
// for until its last request has ended, and a stream is one.
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

// follow looks as long as somebody watches.
func (l *live) follow() {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for l.step() {
		<-ticker.C
	}
}

// step looks once and tells the viewers what has changed. It reports whether
// there are any.
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

// awaitDrain ends the streams as soon as this server is out of rotation and
// waited for, as long as somebody watches. The next look could be too late by
// the time between two, and the destroy would take that much longer.
func (l *live) awaitDrain() {
	for l.awaits() {
		if leaves, err := l.store.AwaitDraining(context.Background(), l.server, drainPatience); leaves && err == nil {
			l.mu.Lock()
			l.dropAll()
			l.mu.Unlock()
		}
		time.Sleep(drainPause) // other servers may drain for long
	}
}

// awaits reports whether somebody watches, in the same moment in which awaitDrain
// is marked as over if not: or the next viewer would count on it.
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

// tell sends a message to all. Who does not take it is dropped, not waited for.
func (l *live) tell(text []byte) {
	for v := range l.viewers {
		select {
		case v.messages <- text:
		default:
			l.drop(v)
		}
	}
}

func encode(u update) []byte {
	text, _ := json.Marshal(u) // strings and numbers
	return text
}

// difference returns what makes the fragments of before those of after.
func difference(before, after []fragment) (change update) {
	known := make(map[string]fragment, len(before))
	for _, one := range before {
		known[one.ID] = one
	}
	for _, one := range after {
		if known[one.ID] != one {
			change.Put = append(change.Put, one)
		}
		delete(known, one.ID)
	}
	for _, one := range before {
		if _, isGone := known[one.ID]; isGone {
			change.Gone = append(change.Gone, one.ID)
		}
	}
	return change
}
