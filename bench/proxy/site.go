package main

import (
	"context"
	"deux/bench/load"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
)

// site is all that runs: two backends, Redis that lists them, the peers in
// front. All have the whole machine, all listen on 127.0.0.1 only.
type site struct {
	builds
	dir       string
	firstPort int // ports from here on are used
	redis     *process
	running   []*process
}

// builds are the paths of programs that Debian does not have, or not in the
// right version. Caddy and before may be empty.
type builds struct{ proxy, before, caddy string }

// Ports count up from firstPort: backends, then the others.
func (s *site) redisPort() int     { return s.firstPort + 10 }
func (s *site) peerPort(i int) int { return s.firstPort + 20 + i }

// adminOffset is how far behind its port a peer's second one is, if it has one.
const adminOffset = 10

func (s *site) redisAddress() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.redisPort()))
}

func (s *site) backends() []string {
	return []string{fmt.Sprintf("127.0.0.1:%d", s.firstPort), fmt.Sprintf("127.0.0.1:%d", s.firstPort+1)}
}

// newSite starts backends and Redis. The caller must close it, also after an
// error.
func newSite(ctx context.Context, firstPort int, programs builds) (*site, error) {
	s := &site{firstPort: firstPort, builds: programs}
	var err error
	if s.dir, err = os.MkdirTemp("", "bench-proxy-"); err != nil {
		return s, err
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // nginx's workers are another user than root
		return s, err
	}
	for _, address := range s.backends() {
		if err := s.startBackend(ctx, address); err != nil {
			return s, err
		}
	}
	return s, s.startRedis(ctx)
}

func (s *site) close() {
	for _, p := range slices.Backward(s.running) {
		p.stop()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *site) start(name string, command *exec.Cmd) (*process, error) {
	p, err := start(name, command, s.dir)
	if err == nil {
		s.running = append(s.running, p)
	}
	return p, err
}

func (s *site) startBackend(ctx context.Context, address string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p, err := s.start("backend "+address, exec.Command(self, "-backend", address))
	if err != nil {
		return err
	}
	return p.waitFor(ctx, func() error {
		_, err := ask(ctx, "http://"+address+smallPath)
		return err
	})
}

func (s *site) startRedis(ctx context.Context) error {
	port := strconv.Itoa(s.redisPort())
	var err error
	s.redis, err = s.start("redis-server", exec.Command("redis-server", "--port", port,
		"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir))
	if err != nil {
		return fmt.Errorf("%w (apt-get install redis-server)", err)
	}
	arguments := []string{"-p", port, "LPUSH", "servers"}
	for _, address := range s.backends() {
		arguments = append(arguments, "http://"+address)
	}
	return s.redis.waitFor(ctx, func() error {
		return exec.CommandContext(ctx, "redis-cli", arguments...).Run()
	})
}

// startPeer starts p and returns when it has passed requests to both backends.
func (s *site) startPeer(ctx context.Context, p *peer, port int) error {
	if p.command == nil {
		p.port = s.firstPort
		return nil
	}
	p.port = port
	command, err := p.command(s, port)
	if err != nil {
		return err
	}
	if p.process, err = s.start(p.key, command); err != nil {
		return err
	}
	return p.process.waitFor(ctx, func() error { return reachesBoth(ctx, p.url(smallPath)) })
}

// reachesBoth asks more often than nginx has workers on a small machine: each
// worker starts its rotation at the first server.
func reachesBoth(ctx context.Context, url string) error {
	seen := map[string]bool{}
	for range 32 {
		backend, err := ask(ctx, url)
		if err != nil {
			return err
		}
		if seen[backend] = true; len(seen) == 2 {
			return nil
		}
	}
	return fmt.Errorf("%s answered from one backend only: %v", url, seen)
}

// ask returns the X-Backend of a 200.
func ask(ctx context.Context, url string) (backend string, err error) {
	return load.Ask(ctx, url, "X-Backend")
}
