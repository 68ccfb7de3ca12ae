package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

var (
	errTooLarge = errors.New("more than the reader takes")
	errEmpty    = errors.New("nothing before the connection was closed")
)

// readToEnd returns what the socat at address sends until it closes the
// connection. It sends nothing itself: socat would fail to write that to its
// file and reset the connection. The error is errTooLarge above limit bytes,
// errEmpty for none (socat found no file), that of ctx, or the network's.
func readToEnd(ctx context.Context, address string, limit int) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	text, err := io.ReadAll(io.LimitReader(conn, int64(limit)+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case len(text) > limit:
		return nil, errTooLarge
	case len(text) == 0:
		return nil, errEmpty
	}
	return text, nil
}
