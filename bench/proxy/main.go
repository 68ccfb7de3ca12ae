// Proxy measures cmd/proxy beside other proxies, as processes on this host: in
// one run and in turns, in front of the same two backends. Only the ratios mean
// anything. scripts/bench_proxy.sh builds what it needs and runs it;
// bench/README.md says what it measures.
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
)

// options are the flags.
type options struct {
	rounds           int
	turn             time.Duration
	peers, scenarios string
	firstPort        int
	programs         builds
	markdown         bool
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 10, "turns of each peer in each scenario")
	flag.DurationVar(&o.turn, "turn", 3*time.Second, "length of a turn, in whole seconds")
	flag.StringVar(&o.peers, "peers", "", "some of "+keys(allPeers(), peerKey)+" (default all)")
	flag.StringVar(&o.scenarios, "scenarios", "", "some of "+keys(scenarios, scenarioKey)+" (default all)")
	flag.IntVar(&o.firstPort, "ports", 15000, "the first of 40 free ports")
	flag.StringVar(&o.programs.proxy, "proxy", "bin/proxy", "the program that is ours")
	flag.StringVar(&o.programs.before, "before", "", "an earlier build of it, to be measured too")
	flag.StringVar(&o.programs.caddy, "caddy", "", "Caddy's program; it is left out without one")
	flag.BoolVar(&o.markdown, "markdown", false, "print what belongs into bench/README.md, no progress")
	backend := flag.String("backend", "", "only serve as a backend on this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := error(nil)
	if *backend != "" {
		err = serveBackend(ctx, *backend)
	} else {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-proxy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return fmt.Errorf("wrk is missing: apt-get install wrk")
	}
	peers, err := chosen("-peers", allPeers(), peerKey, o.peers)
	if err != nil {
		return err
	}
	loads, err := chosen("-scenarios", scenarios, scenarioKey, o.scenarios)
	if err != nil {
		return err
	}
	if err := allowFiles(); err != nil {
		return err
	}
	site, err := newSite(ctx, o.firstPort, o.programs)
	defer site.close()
	if err != nil {
		return err
	}
	if peers, err = site.startPeers(ctx, peers); err != nil {
		return err
	}
	writeHead(os.Stdout, site, peers, o.rounds, o.turn)
	for _, sc := range loads {
		if sc.paced && !slices.ContainsFunc(peers, func(p *peer) bool { return p.key == "ours" }) {
			fmt.Fprintf(os.Stderr, "bench-proxy: %s is left out: its pace depends on ours\n", sc.key)
			continue
		}
		measured, err := site.measure(ctx, sc, peers, o.rounds, o.turn, o.progress)
		if err != nil {
			return fmt.Errorf("%s: %w", sc.key, err)
		}
		writeTable(os.Stdout, sc, peers, measured)
	}
	return nil
}

// startPeers starts those peers that are installed and says what the others need.
func (s *site) startPeers(ctx context.Context, peers []*peer) (started []*peer, err error) {
	for i, p := range peers {
		if why := p.missing(s); why != "" {
			fmt.Fprintf(os.Stderr, "bench-proxy: %s is left out: %s\n", p.name, why)
			continue
		}
		if err := s.startPeer(ctx, p, s.peerPort(i)); err != nil {
			return nil, err
		}
		started = append(started, p)
	}
	return started, nil
}

func (o options) progress(format string, arguments ...any) {
	if !o.markdown {
		fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	}
}

func peerKey(p *peer) string        { return p.key }
func scenarioKey(s scenario) string { return s.key }

func keys[T any](all []T, key func(T) string) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = key(one)
	}
	return strings.Join(names, ",")
}

// chosen returns those of all that a flag names, in their own order; all if it
// is empty.
func chosen[T any](flag string, all []T, key func(T) string, names string) ([]T, error) {
	if names == "" {
		return all, nil
	}
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(all, func(one T) bool { return key(one) == name }) {
			return nil, fmt.Errorf("%s=%q: expected some of %s", flag, name, keys(all, key))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool { return !slices.Contains(wanted, key(one)) }), nil
}
