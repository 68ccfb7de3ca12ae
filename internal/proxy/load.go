package proxy

import (
	"context"
	"math/bits"
	"strconv"
	"sync/atomic"
	"time"

	"deux/internal/fleet"
)

// counts counts the requests to one server that ended since the last take, by the
// first digit of the status and by bucketOf. Each is one addition, so that none is
// taken with its status and without its time.
type counts [statuses / 100][timeBuckets]atomic.Uint32

// timeBuckets reach to 2^26 microseconds, a minute.
const timeBuckets = 27 * 4

// bucketOf returns the bucket of a duration: four for each power of two of
// microseconds, so that a bucket's middle is within an eighth of what is in it.
func bucketOf(took time.Duration) int {
	microseconds := uint64(max(took.Microseconds(), 4))
	exponent := bits.Len64(microseconds) - 1
	quarter := int(microseconds>>(exponent-2)) & 3
	return min(exponent*4+quarter, timeBuckets-1)
}

// middleOf returns the middle of a bucket in milliseconds.
func middleOf(bucket int) float64 {
	width := float64(uint64(1)<<(bucket/4)) / 4
	return (width*4 + width*(float64(bucket%4)+0.5)) / 1000
}

func (c *counts) add(status int, took time.Duration) {
	c[status/100][bucketOf(took)].Add(1)
}

// tally is what counts held.
type tally struct {
	requests int
	classes  [statuses / 100]int
	times    [timeBuckets]int
}

// take moves the counts into the tally.
func (t *tally) take(c *counts) {
	for class := range c {
		for bucket := range c[class] {
			if c[class][bucket].Load() == 0 {
				continue
			}
			n := int(c[class][bucket].Swap(0))
			t.classes[class] += n
			t.times[bucket] += n
			t.requests += n
		}
	}
}

func (t *tally) add(other *tally) {
	t.requests += other.requests
	for class, n := range other.classes {
		t.classes[class] += n
	}
	for bucket, n := range other.times {
		t.times[bucket] += n
	}
}

// percentile returns the time in milliseconds within which that part of the
// requests ended; 0 if there were none.
func (t *tally) percentile(part float64) float64 {
	total := 0
	for _, n := range t.times {
		total += n
	}
	seen := 0
	for bucket, n := range t.times {
		if seen += n; n > 0 && float64(seen) >= part*float64(total) {
			return middleOf(bucket)
		}
	}
	return 0
}

// takeLoad returns the load since it was last called.
func (p *Proxy) takeLoad() fleet.Load {
	load := fleet.Load{At: time.Now().UTC().Truncate(time.Millisecond), InFlight: int(p.underWay.Load())}
	var all tally
	all.take(&p.metrics.unserved.counts)
	for _, to := range p.rotor.upstreams() {
		var one tally
		one.take(&to.seen.counts)
		inFlight := int(to.requests.Load())
		if one.requests == 0 && inFlight == 0 {
			continue
		}
		all.add(&one)
		if load.Servers == nil {
			load.Servers = make(map[string]fleet.ServerLoad)
		}
		load.Servers[to.URL] = fleet.ServerLoad{Requests: one.requests, Errors: one.classes[5],
			InFlight: inFlight, P95: one.percentile(.95)}
	}
	load.Requests, load.P50, load.P99 = all.requests, all.percentile(.5), all.percentile(.99)
	load.Statuses = all.statuses()
	return load
}

// statuses returns how many requests there were of each class that there was.
func (t *tally) statuses() (of map[string]int) {
	for class, n := range t.classes {
		if n == 0 {
			continue
		}
		if of == nil {
			of = make(map[string]int)
		}
		of[strconv.Itoa(class)+"xx"] = n
	}
	return of
}

// loadJournal is where the proxy's load is recorded.
type loadJournal interface {
	RecordLoad(ctx context.Context, load fleet.Load) error
}

// recordLoad writes into the journal each second that is worth it, and the last
// one when ctx ends. A second in which Redis is away is lost.
func (p *Proxy) recordLoad(ctx context.Context, journal loadJournal) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	told := told{rested: true}
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-ticker.C:
		}
		load := p.takeLoad()
		if !told.isNews(load) {
			continue
		}
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		_ = journal.RecordLoad(within, load) // the rotor logs that Redis is away
		cancel()
	}
}

// told is what the journal says already.
type told struct {
	rested   bool // there were no requests in the last second that was written
	inFlight int  // at its end
	skipped  int  // seconds since
}

// isNews reports whether a second is to be written: one with requests, the first
// one without, one after which other requests are in flight and, while any are,
// one every fleet.LoadPause.
func (t *told) isNews(load fleet.Load) bool {
	waits := load.InFlight > 0 && time.Duration(t.skipped+1)*time.Second >= fleet.LoadPause
	if load.Requests == 0 && t.rested && load.InFlight == t.inFlight && !waits {
		t.skipped++
		return false
	}
	*t = told{rested: load.Requests == 0, inFlight: load.InFlight}
	return true
}
