// Bench measures a running system beside what a person could do by hand, in
// one run and in turns, because a machine's speed drifts: only the ratios mean
// anything. scripts/bench.sh brings a system up and runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"deux/bench/load"
)

// measurements by name, in the order in which all of them run.
var measurements = []struct {
	name   string
	run    func(context.Context) error
	onCall bool // runs only if it is named
}{
	{name: "rest", run: measureRest},
	{name: "spawn", run: measureSpawn},
	{name: "stream", run: measureStream},
	{name: "deploy", run: measureDeploy},
	{name: "deployed", run: measureDeployed, onCall: true},
}

// Flags of deployed.
var (
	rounds     = flag.Int("rounds", 10, "deployed: turns of each")
	turnLength = flag.Duration("turn", 3*time.Second, "deployed: length of a turn, in whole seconds")
	markdown   = flag.Bool("markdown", false, "deployed: print what belongs into bench/README.md, no progress")
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: scripts/bench.sh [rest|spawn|stream|deploy]...   (all four without arguments)\n"+
			"       scripts/bench.sh [-rounds N] [-turn 3s] [-markdown] deployed")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, measurement := range measurements {
		if !slices.Contains(flag.Args(), measurement.name) && (flag.NArg() > 0 || measurement.onCall) {
			continue
		}
		if err := measurement.run(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", measurement.name, err)
			os.Exit(1)
		}
	}
}

// setting returns a variable that scripts/settings.sh exports.
func setting(name string) string { return os.Getenv(name) }

// command runs a command and returns its output.
func command(ctx context.Context, name string, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(output)), nil
}

// get returns the answer's X-Served-By, or an error unless it is a 200.
func get(ctx context.Context, url string) (servedBy string, err error) {
	return load.Ask(ctx, url, "X-Served-By")
}

// pollPause is how finely a first answer is timed.
const pollPause = 5 * time.Millisecond

// poll repeats ask until it says that it is done.
func poll(ctx context.Context, ask func() bool) error { return pollEvery(ctx, pollPause, ask) }

func pollEvery(ctx context.Context, pause time.Duration, ask func() bool) error {
	for end := time.Now().Add(2 * time.Minute); !ask(); time.Sleep(pause) {
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("gave up waiting")
		}
	}
	return nil
}

// report prints two rows of figures and the median of their ratios.
func report(what string, ours, theirs []float64, unit, oursName, theirsName string, goal string) {
	ratios := load.Ratios(ours, theirs)
	fmt.Printf("%s\n  %-28s %s %s\n  %-28s %s %s\n  ratio, median of %d pairs     %.2f   (goal: %s)\n",
		what, oursName, figures(ours), unit, theirsName, figures(theirs), unit, len(ratios), load.Median(ratios), goal)
}

func figures(values []float64) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprintf("%8.2f", value)
	}
	return strings.Join(texts, " ")
}
