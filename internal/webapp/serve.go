package webapp

import (
	"context"
	"net"
	"net/http"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// Serve answers requests from listener until ctx ends, lets those under way end
// within ShutdownTimeout, and returns nil. Any error is the listener's. The first
// server steps aside before it stops.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unhook := context.AfterFunc(ctx, func() {
		a.live.close()
		a.stepAside()
		stop()
	})
	defer unhook()
	return program.Serve(serving, a.server(), listener, a.config.ShutdownTimeout, a.log)
}

// stepAsideTimeout bounds stepAside. The proxy needs a fraction of it to see that
// a server drains, and longer only with a request under way, which then has
// ShutdownTimeout to end.
const stepAsideTimeout = time.Second

// stepAside takes the first server out of rotation, if another one stays, and
// waits until the proxy has no request to it. Infrastructure takes the other
// servers out before it stops them, but this one belongs to Compose, which
// restarts it when its code or settings have changed. Meanwhile /healthz refuses,
// so that nobody lists the server again.
func (a *App) stepAside() {
	server := a.config.Site.FirstServer()
	if a.config.Port != server.Port {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.stepAsideTimeout)
	defer cancel()
	a.stopping.Store(true)
	moved, err := a.store.StepAside(ctx, server)
	if err != nil {
		a.log.Warn("Stopping while the proxy may still send requests", "error", err)
	}
	if moved {
		_, _ = fleet.WaitDrained(ctx, a.store, server, a.stepAsideTimeout)
	}
}

// server bounds what a client can hold up. IdleTimeout is longer than the proxy
// keeps an unused connection (30 s), so that the proxy closes first: otherwise it
// could send a request into a closing connection.
func (a *App) server() *http.Server {
	return &http.Server{
		Handler:           a.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // a picture gets pictureTimeout, once there is room for it
		WriteTimeout:      5 * time.Minute, // counted from the request's header
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}
