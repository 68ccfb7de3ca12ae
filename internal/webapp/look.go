package webapp

import (
	"context"
	"time"

	"deux/internal/overview"
)

const (
	// lookInterval is between two looks at the lists, while somebody watches.
	lookInterval = 250 * time.Millisecond
	// drainPatience is how long one wait for the drain list lasts, and drainPause
	// is between two.
	drainPatience = time.Second
	drainPause    = 20 * time.Millisecond
)

// follow looks at the lists while anybody watches.
func (l *live) follow() {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for l.step() {
		<-ticker.C
	}
}

// step looks once. It reports whether there are viewers. A Redis that kept it
// waiting, and showed nothing to anybody meanwhile, is away.
func (l *live) step() bool {
	if !l.follows() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	start := time.Now()
	if err := l.look(ctx); err != nil {
		l.redis.Note(err)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.last.At.Before(start) {
			l.lose()
		}
	}
	return true
}

// follows reports whether anybody watches. If not, it marks follow as over under
// the same lock: otherwise the next viewer would rely on it.
func (l *live) follows() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isFollowing = len(l.viewers) > 0
	return l.isFollowing
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

// awaits is follows for awaitDrain.
func (l *live) awaits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isAwaiting = len(l.viewers) > 0
	return l.isAwaiting
}

// look reads the lists and shows them to all viewers, whoever wanted to know. If
// Redis does not answer, what they see becomes stale, but not because ctx has
// ended: that says only that one caller did not wait any longer.
func (l *live) look(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	o, err := l.reader.Look(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.redis.Note(nil)
		l.last = o
		l.show(l.paint(o, false))
	case !hasEnded(ctx):
		l.lose()
	}
	return err
}

// hasEnded reports whether ctx has ended or is about to: a connection's deadline,
// which is set to that of ctx, may pass a moment earlier.
func hasEnded(ctx context.Context) bool {
	deadline, has := ctx.Deadline()
	return ctx.Err() != nil || has && !time.Now().Before(deadline)
}

// lose shows what was seen last as stale.
func (l *live) lose() {
	if !l.last.At.IsZero() {
		l.show(l.paint(l.last.Away(), true))
	}
}

func (l *live) paint(o overview.Overview, isStale bool) scene {
	return scene{o.Verdict.What, l.painter.paint(o, isStale)}
}

// show tells the viewers what differs from what they were told before.
func (l *live) show(now scene) {
	if len(l.viewers) > 0 {
		if change := difference(l.shown.fragments, now.fragments); len(change.Put)+len(change.Gone) > 0 {
			l.tell(encode(change))
		}
	}
	l.shown = now
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
