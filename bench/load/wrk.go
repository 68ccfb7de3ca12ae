// Package load puts load on an HTTP server, as much as it can bear (wrk.go) or
// at a given pace (pace.go), and measures the processor time and memory of
// processes (process.go). The programs in bench/ and bench/proxy/ say what is
// measured beside what.
package load

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Turn is the load of one turn.
type Turn struct {
	URL         string
	Connections int
	Upload      int // bytes of the body to POST; 0 for a GET
	Duration    time.Duration
}

// Result is what clients saw in a turn.
type Result struct {
	Requests int // answered
	Failures int // connections that broke, answers other than 2xx or 3xx
	Took     time.Duration
	P50, P99 time.Duration // time to the whole answer
}

// Rate returns the requests answered a second.
func (r Result) Rate() float64 { return float64(r.Requests) / r.Took.Seconds() }

//go:embed wrk.lua
var wrkScript string

// Saturate has wrk ask as fast as it gets answers. wrk takes less processor
// time than a client in Go; one thread of it outruns every proxy here.
func Saturate(ctx context.Context, turn Turn) (Result, error) {
	script, err := os.CreateTemp("", "bench-*.lua")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(script.Name())
	_, err = script.WriteString(wrkScript)
	if closed := script.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return Result{}, err
	}
	seconds := max(1, int(turn.Duration.Round(time.Second).Seconds())) // wrk counts in whole ones
	output, err := exec.CommandContext(ctx, "wrk", "--threads", "1", "--connections", strconv.Itoa(turn.Connections),
		"--duration", fmt.Sprintf("%ds", seconds), "--latency", "--script", script.Name(),
		turn.URL, "--", strconv.Itoa(turn.Upload)).CombinedOutput()
	if err != nil {
		return Result{}, fmt.Errorf("wrk %s: %w: %s", turn.URL, err, output)
	}
	return parse(string(output))
}

// parse reads the line that wrk.lua writes; times in it are microseconds.
func parse(output string) (Result, error) {
	_, line, _ := strings.Cut(output, "FIGURES ")
	var requests, took, p50, p99, failures int
	if _, err := fmt.Sscan(line, &requests, &took, &p50, &p99, &failures); err != nil {
		return Result{}, fmt.Errorf("wrk said: %s", output)
	}
	return Result{requests, failures, time.Duration(took) * time.Microsecond,
		time.Duration(p50) * time.Microsecond, time.Duration(p99) * time.Microsecond}, nil
}
