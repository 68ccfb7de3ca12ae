package stream

import (
	"context"
	"net"
	"net/http"
	"time"

	"deux/internal/program"
)

// serverGrace is how long requests may take to end after SIGTERM. Only tests set
// another.
const serverGrace = 4 * time.Second

// Serve answers the requests that come to listener until ctx ends, lets those
// under way end, and returns nil. The error is the listener's.
func (r *Reader) Serve(ctx context.Context, listener net.Listener) error {
	return program.Serve(ctx, r.server(), listener, r.grace, r.log)
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
	}
}
