package program

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers the requests that come to listener until ctx ends, lets those
// under way end within grace, cuts off the rest, and returns nil. An error is
// the listener's.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration, log *slog.Logger) error {
	log.Info("Serving", "address", listener.Addr().String())
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		log.Warn("Requests cut off", "waited", grace, "error", err)
		server.Close()
	}
	return nil
}
