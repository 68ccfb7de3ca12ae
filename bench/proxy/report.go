package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"deux/bench/load"
)

// writeHead describes the run, so that pasted figures say what they are of.
func writeHead(w io.Writer, s *site, peers []*peer, rounds int, turn time.Duration) {
	var versions []string
	for _, p := range peers {
		if p.version != nil {
			versions = append(versions, p.name+" "+p.version(s))
		}
	}
	fmt.Fprintf(w, "%s. %d rounds, turns of %v. %s.\n", load.Machine(), rounds, turn, strings.Join(versions, ", "))
}

// writeTable writes a scenario's figures: each is the median over the rounds,
// followed by its ratio to the reference's in the same round.
func writeTable(w io.Writer, sc scenario, peers []*peer, measured results) {
	fmt.Fprintf(w, "\n**%s**\n\n", sc.title)
	fmt.Fprint(w, load.Header("", "requests/s", "requests per CPU second", "p50, ms", "p99, ms", "peak memory, MB", "Redis, % of a core", "failed"))
	for _, p := range peers {
		turns, base := measured[p.key], measured[reference]
		if len(turns) == 0 {
			continue
		}
		if p.key == reference {
			base = nil
		}
		redis := "–"
		if p.inRedis {
			redis = load.Cell(load.Each(turns, redisShare), nil, 0)
		}
		fmt.Fprint(w, load.Row(p.name, cell(turns, base, load.Result.Rate, 0), perCPU(p, turns, base),
			cell(turns, base, p50, 3), cell(turns, base, p99, 3),
			load.Cell(load.Each(turns, megabytes), nil, 0), redis, load.Failed(load.Each(turns, failed))))
	}
}

// perCPU is a dash for the backend alone, which has no proxy to count.
func perCPU(p *peer, turns, base []figures) string {
	if p.process == nil {
		return "–"
	}
	return load.Cell(load.Each(turns, efficiency), load.Each(base, efficiency), 0)
}

func cell(turns, base []figures, of func(load.Result) float64, digits int) string {
	value := func(f figures) float64 { return of(f.Result) }
	return load.Cell(load.Each(turns, value), load.Each(base, value), digits)
}

func p50(r load.Result) float64    { return load.Milliseconds(r.P50) }
func p99(r load.Result) float64    { return load.Milliseconds(r.P99) }
func megabytes(f figures) float64  { return f.memory / 1e6 }
func efficiency(f figures) float64 { return float64(f.Requests) / f.cpu.Seconds() }
func redisShare(f figures) float64 { return 100 * f.redis.Seconds() / f.Took.Seconds() }
func failed(f figures) int         { return f.Failures }
