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
		if one.requests == 0 {
			continue
		}
		all.add(&one)
		if load.Servers == nil {
			load.Servers = make(map[string]fleet.ServerLoad)
		}
		load.Servers[to.URL] = fleet.ServerLoad{Requests: one.requests, Errors: one.classes[5],
			InFlight: int(to.requests.Load()), P95: one.percentile(.95)}
	}
	load.Requests, load.P50, load.P99 = all.requests, all.percentile(.5), all.percentile(.99)
	for class, n := range all.classes {
		if n == 0 {
			continue
		}
		if load.Statuses == nil {
			load.Statuses = make(map[string]int)
		}
		load.Statuses[strconv.Itoa(class)+"xx"] = n
	}
	return load
}

// loadJournal is where the proxy's load is recorded.
type loadJournal interface {
	RecordLoad(ctx context.Context, load fleet.Load) error
}

// recordLoad writes each second with requests into the journal, and the first
// one without, until ctx ends. A second in which Redis is away is lost.
func (p *Proxy) recordLoad(ctx context.Context, journal loadJournal) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	rested, last := true, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		load := p.takeLoad()
		resting := load.Requests == 0 && load.InFlight == last
		if resting && rested {
			continue
		}
		rested, last = load.Requests == 0, load.InFlight
		within, cancel := context.WithTimeout(ctx, time.Second)
		_ = journal.RecordLoad(within, load) // the rotor logs that Redis is away
		cancel()
	}
}
