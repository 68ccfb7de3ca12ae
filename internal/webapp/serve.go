package webapp

import (
	"context"
	"net"
	"net/http"
	"time"

	"deux/internal/program"
)

// Serve answers the requests that come to listener until ctx ends, lets those
// under way end within ShutdownTimeout, and returns nil. An error is the
// listener's.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	return program.Serve(ctx, a.server(), listener, a.config.ShutdownTimeout, a.log)
}

// server bounds what a client can hold up. IdleTimeout is longer than the
// proxy keeps an unused connection (30 s), so that it is the proxy who closes:
// the other way round it could send a request into a closing one.
func (a *App) server() *http.Server {
	return &http.Server{
		Handler:           a.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // a picture over a slow line
		WriteTimeout:      5 * time.Minute, // counted from the request's header
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}
