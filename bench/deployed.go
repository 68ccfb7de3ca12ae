package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"deux/bench/load"
)

// deployedConnections is how many clients ask at once.
const deployedConnections = 64

// measureDeployed loads the system as make up deploys it, with two servers,
// beside nginx in a container in front of the same two, and beside the first
// server with nothing in front. Each is asked where its clients would ask it.
func measureDeployed(ctx context.Context) error {
	if err := spawn(ctx, 1); err != nil {
		return err
	}
	servers, err := bothServe(ctx)
	if err != nil {
		return err
	}
	defer stopNginx(ctx)
	if err := startNginx(ctx, setting("HAND_PORT"), servers); err != nil {
		return err
	}
	targets, err := deployedTargets(ctx, servers)
	if err != nil {
		return err
	}
	if err := takeTurns(ctx, targets); err != nil {
		return err
	}
	if _, err := bothServe(ctx); err != nil {
		return err
	}
	writeDeployed(targets)
	return destroyAll(ctx)
}

// bothServe returns HOST:PORT of the two servers that answer through the proxy.
func bothServe(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	var servers []string
	for range 8 {
		servedBy, err := get(ctx, proxy("/healthz"))
		if err != nil {
			return nil, err
		}
		if !seen[servedBy] {
			seen[servedBy] = true
			servers = append(servers, servedBy[len("http://"):])
		}
	}
	if len(servers) != 2 {
		return nil, fmt.Errorf("expected two servers to answer through the proxy, got %v", servers)
	}
	return servers, nil
}

// target is what is measured, and the processes between it and the servers.
type target struct {
	name  string
	url   string
	proxy []int // the proxy's
	relay []int // Docker's, through which published ports pass
	turns []deployedTurn
}

type deployedTurn struct {
	load.Result
	proxy, relay, redis time.Duration // processor time
}

// deployedTargets returns the reference in the middle, and the first server
// alone last, which shows how fast the servers themselves are.
func deployedTargets(ctx context.Context, servers []string) ([]*target, error) {
	ours, err := command(ctx, "scripts/compose.sh", "ps", "--quiet", "proxy")
	if err != nil {
		return nil, err
	}
	var serverPorts []string
	for _, server := range servers {
		_, port, _ := strings.Cut(server, ":")
		serverPorts = append(serverPorts, port)
	}
	var targets []*target
	for _, t := range []struct{ name, url, port, container string }{
		{"deux", proxy("/healthz"), setting("PROXY_PORT"), ours},
		{"nginx in a container", "http://127.0.0.1:" + setting("HAND_PORT") + "/healthz", setting("HAND_PORT"), nginxContainer},
		{"the first server alone", "http://" + setting("HOST_IP") + ":" + setting("FIRST_PORT") + "/healthz", "", ""},
	} {
		next := &target{name: t.name, url: t.url}
		if next.relay, err = load.DockerProxies(append([]string{t.port}, serverPorts...)...); err != nil {
			return nil, err
		}
		if t.container != "" {
			if next.proxy, err = containerProcesses(ctx, t.container); err != nil {
				return nil, err
			}
		}
		targets = append(targets, next)
	}
	return targets, nil
}

func containerProcesses(ctx context.Context, container string) ([]int, error) {
	pid, err := containerProcess(ctx, container)
	if err != nil {
		return nil, err
	}
	return load.Tree(pid)
}

// deployedWarmUp opens the connections before the first turns.
const deployedWarmUp = time.Second

// takeTurns has every round start with another target.
func takeTurns(ctx context.Context, targets []*target) error {
	container, err := command(ctx, "scripts/compose.sh", "ps", "--quiet", "redis")
	if err != nil {
		return err
	}
	redis, err := containerProcesses(ctx, container)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if _, err := t.turn(ctx, redis, deployedWarmUp); err != nil {
			return err
		}
	}
	for round := range *rounds {
		for i := range targets {
			t := targets[(round+i)%len(targets)]
			turn, err := t.turn(ctx, redis, *turnLength)
			if err != nil {
				return err
			}
			t.turns = append(t.turns, turn)
			if *markdown {
				continue
			}
			fmt.Fprintf(os.Stderr, "deployed round %d: %-22s %9.0f/s, proxy %5.2f s, docker-proxy %5.2f s, %d failed\n",
				round+1, t.name, turn.Rate(), turn.proxy.Seconds(), turn.relay.Seconds(), turn.Failures)
		}
	}
	return nil
}

func (t *target) turn(ctx context.Context, redis []int, length time.Duration) (deployedTurn, error) {
	before, err := load.ProcessorTimes(t.proxy, t.relay, redis)
	if err != nil {
		return deployedTurn{}, err
	}
	result, err := load.Saturate(ctx, load.Turn{URL: t.url, Connections: deployedConnections, Duration: length})
	if err != nil {
		return deployedTurn{}, err
	}
	after, err := load.ProcessorTimes(t.proxy, t.relay, redis)
	if err != nil {
		return deployedTurn{}, err
	}
	return deployedTurn{result, after[0] - before[0], after[1] - before[1], after[2] - before[2]}, nil
}

func writeDeployed(targets []*target) {
	fmt.Printf("%s. %d rounds, turns of %v.\n\n**As deployed: /healthz of two servers, %d connections**\n\n",
		load.Machine(), *rounds, *turnLength, deployedConnections)
	fmt.Print(load.Header("", "requests/s", "requests per CPU second of proxy and docker-proxy", "docker-proxy, % of a core",
		"p50, ms", "p99, ms", "Redis, % of a core", "failed"))
	reference := targets[1]
	for _, t := range targets {
		cell := func(digits int, of func(deployedTurn) float64) string {
			if t == reference {
				return load.Cell(load.Each(t.turns, of), nil, digits)
			}
			return load.Cell(load.Each(t.turns, of), load.Each(reference.turns, of), digits)
		}
		plain := func(of func(deployedTurn) float64) string { return load.Cell(load.Each(t.turns, of), nil, 0) }
		perCPU := "–"
		if t.proxy != nil {
			perCPU = cell(0, func(d deployedTurn) float64 { return float64(d.Requests) / (d.proxy + d.relay).Seconds() })
		}
		fmt.Print(load.Row(t.name, cell(0, func(d deployedTurn) float64 { return d.Rate() }), perCPU,
			plain(func(d deployedTurn) float64 { return 100 * d.relay.Seconds() / d.Took.Seconds() }),
			cell(3, func(d deployedTurn) float64 { return load.Milliseconds(d.P50) }),
			cell(3, func(d deployedTurn) float64 { return load.Milliseconds(d.P99) }),
			plain(func(d deployedTurn) float64 { return 100 * d.redis.Seconds() / d.Took.Seconds() }),
			load.Failed(load.Each(t.turns, func(d deployedTurn) int { return d.Failures }))))
	}
}
