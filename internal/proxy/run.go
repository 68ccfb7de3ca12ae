package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// refreshInterval is how often the lists are read. A server being destroyed
// outlives its last request by up to as much.
const refreshInterval = 200 * time.Millisecond

// Run serves until ctx ends, then lets the requests in flight end.
func Run(ctx context.Context, config Config, log *slog.Logger) error {
	lists := fleet.Open(config.RedisAddr, config.Site)
	defer lists.Close()
	rotation, err := lists.Rotation(config.Service)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", config.Port))
	if err != nil {
		return fmt.Errorf("listening (PORT names another port): %w", err)
	}
	proxy := New(config, rotation, log)
	// As long as requests are in flight somebody may wait for their end.
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go proxy.watch(watching)
	if config.Service == "proxy" {
		go keepFirst(ctx, lists, rotation, log)
	}
	return program.Serve(ctx, server(proxy), listener, config.ShutdownTimeout, log)
}

// server bounds what a client can hold up but for the length of a request or
// an answer: both may be streams.
func server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
}

// watch reads the lists at once, then at every interval, until ctx ends.
func (p *Proxy) watch(ctx context.Context) {
	ticker := time.NewTicker(refreshInterval)
	defer ticker.Stop()
	for {
		p.rotor.refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// CheckHealth returns nil when the proxy on this host answers a request, be it
// that no server is listed.
func CheckHealth(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/healthz", port), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
