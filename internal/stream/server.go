package stream

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// serverGrace is what requests have to end in after SIGTERM.
const serverGrace = 4 * time.Second

// Serve answers the requests that come to listener until ctx ends, lets those
// under way end, and returns nil. The error is the listener's.
func (r *Reader) Serve(ctx context.Context, listener net.Listener) error {
	server := r.server()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	r.log.Info("Serving", "address", listener.Addr(), "writer", r.config.Writer)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		r.stop(server)
		return nil
	}
}

// server bounds what a client can hold up. The time-outs of whole requests
// leave room for the two reads that an answer may have to wait for.
func (r *Reader) server() *http.Server {
	answerIn := 2 * r.config.ReadTimeout
	return &http.Server{
		Handler:           r,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       answerIn + 10*time.Second,
		WriteTimeout:      answerIn + 30*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(r.log.Handler(), slog.LevelWarn),
	}
}

func (r *Reader) stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		r.log.Warn("Requests cut off", "error", err)
		server.Close()
	}
}
