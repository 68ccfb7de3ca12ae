package main

import (
	"context"
	"slices"
	"time"

	"deux/bench/load"
)

// scenario is one kind of load.
type scenario struct {
	key   string // in the flag -scenarios
	title string
	path  string
	load  load.Turn // without URL and Duration
	only  []string  // keys of the peers that take part, all if empty
	paced bool      // at half of what ours can bear, instead of all it bears
}

var scenarios = []scenario{
	{key: "256x1", title: "256 B, 1 connection", path: smallPath, load: load.Turn{Connections: 1}},
	{key: "256x64", title: "256 B, 64 connections", path: smallPath, load: load.Turn{Connections: 64}},
	{key: "256x512", title: "256 B, 512 connections", path: smallPath, load: load.Turn{Connections: 512}},
	{key: "64kx64", title: "64 KB, 64 connections", path: largePath, load: load.Turn{Connections: 64}},
	{key: "upload", title: "1 MB uploads, 16 connections", path: smallPath, load: load.Turn{Connections: 16, Upload: 1 << 20}},
	{key: "half", title: "256 B, 64 connections, at half of what deux bears", path: smallPath,
		load: load.Turn{Connections: 64}, only: []string{"ours", "before", reference, "direct", "haproxy"}, paced: true},
}

// warmUp opens connections and fills caches before a peer's first turn.
const warmUp = time.Second

// results holds the turns of each peer, by key, one for each round.
type results map[string][]figures

// measure takes turns: every round has one of each peer, and the next round
// starts with another peer, because a machine's speed drifts.
func (s *site) measure(ctx context.Context, sc scenario, peers []*peer, rounds int, turn time.Duration, progress func(string, ...any)) (results, error) {
	peers = slices.DeleteFunc(slices.Clone(peers), func(p *peer) bool {
		return len(sc.only) > 0 && !slices.Contains(sc.only, p.key)
	})
	sc.load.Duration = warmUp
	for _, p := range peers {
		if _, err := s.turn(ctx, p, sc, 0); err != nil {
			return nil, err
		}
	}
	sc.load.Duration = turn
	rate, err := s.pace(ctx, sc, peers)
	if err != nil {
		return nil, err
	}
	if rate > 0 {
		progress("%s: %.0f requests/s", sc.key, rate)
	}
	measured := results{}
	for round := range rounds {
		for i := range peers {
			p := peers[(round+i)%len(peers)]
			f, err := s.turn(ctx, p, sc, rate)
			if err != nil {
				return nil, err
			}
			measured[p.key] = append(measured[p.key], f)
			progress("%s round %d: %-8s %9.0f/s  p50 %8.3f ms  p99 %8.3f ms  CPU %5.2f s  %d failed",
				sc.key, round+1, p.key, f.Rate(), load.Milliseconds(f.P50), load.Milliseconds(f.P99), f.cpu.Seconds(), f.Failures)
		}
	}
	return measured, nil
}

// paceTurns is how many turns show what ours can bear.
const paceTurns = 3

// pace returns the requests a second of a paced scenario, for which ours must be
// among peers: half of what it bears. For the others it returns 0.
func (s *site) pace(ctx context.Context, sc scenario, peers []*peer) (float64, error) {
	if !sc.paced {
		return 0, nil
	}
	ours := slices.IndexFunc(peers, func(p *peer) bool { return p.key == "ours" })
	var rates []float64
	for range paceTurns {
		f, err := s.turn(ctx, peers[ours], sc, 0)
		if err != nil {
			return 0, err
		}
		rates = append(rates, f.Rate())
	}
	return load.Median(rates) / 2, nil
}

// figures are what one turn showed.
type figures struct {
	load.Result
	cpu    time.Duration // processor time of the proxy's processes
	redis  time.Duration // the same of Redis
	memory float64       // bytes at the peak
}

// turn puts load on p and looks at what it took: at rate, or without one as
// much as it bears.
func (s *site) turn(ctx context.Context, p *peer, sc scenario, rate float64) (figures, error) {
	sc.load.URL = p.url(sc.path)
	pids, err := p.pids()
	if err == nil {
		err = load.ForgetPeak(pids)
	}
	if err != nil {
		return figures{}, err
	}
	redis := []int{s.redis.pid}
	before, err := load.ProcessorTimes(pids, redis)
	if err != nil {
		return figures{}, err
	}
	f := figures{}
	if rate > 0 {
		f.Result, err = load.Pace(ctx, sc.load, rate)
	} else {
		f.Result, err = load.Saturate(ctx, sc.load)
	}
	if err != nil {
		return figures{}, err
	}
	if f.memory, err = load.PeakMemory(pids); err != nil {
		return figures{}, err
	}
	after, err := load.ProcessorTimes(pids, redis)
	if err != nil {
		return figures{}, err
	}
	f.cpu, f.redis = after[0]-before[0], after[1]-before[1]
	return f, nil
}

// pids returns the processes of p; the backend alone has none to count.
func (p *peer) pids() ([]int, error) {
	if p.process == nil {
		return nil, nil
	}
	if err := p.process.died(); err != nil {
		return nil, err
	}
	return load.Tree(p.process.pid)
}
