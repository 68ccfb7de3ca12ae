package overview

import (
	"context"
	"slices"
	"time"

	"deux/internal/fleet"
)

// Reader looks at the lists again and again. It remembers the long journals, so
// that only its first look reads all of them. It is for one goroutine at a time.
type Reader struct {
	read   func(context.Context, fleet.Depth) (fleet.Snapshot, error)
	first  fleet.Server
	events []fleet.Event
	loads  map[string][]fleet.Load
}

// NewReader returns a reader that reads with read, which is a fleet's Snapshot.
func NewReader(site fleet.Site, read func(context.Context, fleet.Depth) (fleet.Snapshot, error)) *Reader {
	return &Reader{read: read, first: site.FirstServer(), loads: make(map[string][]fleet.Load)}
}

// shallow is how much of the journals a look reads when it expects little news.
var shallow = fleet.Depth{Events: 20, Loads: 3}

// kept is how many entries of a journal are remembered, as in Redis.
const kept = 500

// Look reads the lists once or, if there was more news than expected, twice.
// The error is Redis's.
func (r *Reader) Look(ctx context.Context) (Overview, error) {
	if len(r.events) > 0 {
		snapshot, err := r.read(ctx, shallow)
		if err != nil {
			return Overview{}, err
		}
		if r.follow(snapshot) {
			return r.overview(snapshot), nil
		}
	}
	snapshot, err := r.read(ctx, fleet.Depth{})
	if err != nil {
		return Overview{}, err
	}
	r.events, r.loads = snapshot.Events, snapshot.Loads
	return r.overview(snapshot), nil
}

// follow adds the news to what is known. It reports whether the two connect, so
// that nothing is missing between them.
func (r *Reader) follow(news fleet.Snapshot) bool {
	events, connected := prepend(news.Events, r.events, func(a, b fleet.Event) bool { return a == b })
	loads := make(map[string][]fleet.Load)
	for pool, known := range r.loads {
		var also bool
		loads[pool], also = prepend(news.Loads[pool], known, func(a, b fleet.Load) bool { return a.At.Equal(b.At) })
		connected = connected && also
	}
	if connected {
		r.events, r.loads = events, loads
	}
	return connected
}

// prepend puts those of a journal's newest entries that are new before the known
// ones, keeps as many as Redis does, and reports whether it found the newest
// known entry.
func prepend[E any](newest, known []E, same func(a, b E) bool) ([]E, bool) {
	if len(known) == 0 {
		return newest, len(newest) == 0
	}
	at := slices.IndexFunc(newest, func(e E) bool { return same(e, known[0]) })
	if at < 0 {
		return nil, false
	}
	all := slices.Concat(newest[:at], known)
	return all[:min(len(all), kept)], true
}

// look is what one look knows.
type look struct {
	events []fleet.Event
	vitals fleet.Vitals
	first  fleet.Server
}

func (r *Reader) overview(s fleet.Snapshot) Overview {
	l := look{r.events, s.Vitals, r.first}
	now := time.Now()
	o := Overview{
		At:       now,
		Services: ServicesOf(s.Vitals.Containers),
		Seen:     s.Seen,
		Machine:  Machine{s.Vitals.Machine, s.Vitals.At},
		Events:   r.events,
		Recent:   s.Recent,
		Pictures: s.Images,
		Memory:   s.Memory,
	}
	for _, name := range fleet.Pools {
		o.Pools = append(o.Pools, l.pool(name, now, s, r.loads[name]))
	}
	o.Problems = o.problems()
	o.Verdict = o.verdict()
	return o
}

func (l look) pool(name string, now time.Time, s fleet.Snapshot, loads []fleet.Load) Pool {
	pool := Pool{Name: name, Push: pushOf(now, s.Deploys[name])}
	pool.learnReleases(s.Deploys[name])
	all, each := traffic(now, loads)
	pool.Traffic = all
	for _, place := range s.Lists.Places(name) {
		card := l.card(name, place)
		if of, known := each[place.Element]; known {
			card.Traffic = *of
		}
		pool.Cards = append(pool.Cards, card)
	}
	return pool
}

// web returns the pool of the web app.
func (o *Overview) web() *Pool { return &o.Pools[0] }
