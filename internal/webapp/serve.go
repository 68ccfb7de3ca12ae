package webapp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers the requests that come to listener until ctx ends, lets those
// under way end, and returns nil. An error is the listener's, or says that
// requests were cut off after ShutdownTimeout.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	server := a.server()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	a.log.Info("Serving", "address", listener.Addr(), "redis", a.config.Redis)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return a.stop(server)
	}
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
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

func (a *App) stop(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.config.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		server.Close()
		return fmt.Errorf("stopping: requests cut off after %v", a.config.ShutdownTimeout)
	}
	return nil
}
