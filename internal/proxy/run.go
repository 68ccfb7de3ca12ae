package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// Run serves until ctx ends, then lets the requests in flight end.
func Run(ctx context.Context, config Config, log *slog.Logger) error {
	lists := fleet.Open(config.Redis, config.Site).As("proxy")
	defer lists.Close()
	rotation, err := lists.Rotation(config.Service)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, fmt.Sprintf(":%d", config.Port))
	if err != nil {
		return fmt.Errorf("listening (PORT names another port): %w", err)
	}
	defer listener.Close()
	admin, err := listen(ctx, fmt.Sprintf("127.0.0.1:%d", config.AdminPort))
	if err != nil {
		return fmt.Errorf("listening (ADMIN_PORT names another port): %w", err)
	}
	p := newProxy(config, rotation, rotation.Turns(), log)
	// While requests are in flight, a program may be waiting for their end.
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	p.work(watching, &background)
	background.Go(func() { _ = program.Serve(watching, p.adminServer(), admin, time.Second, log) })
	background.Go(func() { p.recordLoad(watching, rotation) })
	if config.Service == "proxy" {
		background.Go(func() { p.keepFirst(ctx, lists, rotation) })
	}
	return p.serve(ctx, listener)
}

// work starts what runs beside the requests until ctx ends.
func (p *Proxy) work(ctx context.Context, background *sync.WaitGroup) {
	drains := make(chan struct{}, 1)
	background.Go(func() { p.watch(ctx) })
	background.Go(func() { p.rotor.fetchLoop(ctx) })
	background.Go(func() { p.rotor.watchLists(ctx, drains) })
	go p.rotor.watchDrains(ctx, drains) // blocks in Redis until its connection is closed
}

// listen sets the keep-alive once for all connections, which inherit it: a peer
// that has vanished is noticed within a minute.
func listen(ctx context.Context, address string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	return config.Listen(ctx, "tcp", address)
}

// CheckHealth returns nil when the proxy on this host serves.
func CheckHealth(ctx context.Context, config Config) error {
	return program.CheckHealth(ctx, fmt.Sprintf("http://127.0.0.1:%d/healthz", config.AdminPort))
}
