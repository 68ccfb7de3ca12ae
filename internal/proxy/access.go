package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"deux/internal/http1"
)

// sampleOne is N where ACCESS_LOG=sampled logs one in N requests. Those that
// fail are all logged.
const sampleOne = 100

// idPrefix distinguishes the ids of this process from another's.
var idPrefix = fmt.Sprintf("%08x", rand.Uint32())

// identify gives the request an id, if requests are logged: a trusted peer's, or
// a new one.
func (c *client) identify() {
	if c.config.AccessLog == "off" {
		return
	}
	for i := range c.request.Fields {
		if field := &c.request.Fields[i]; field.Role == http1.RequestID && c.trusted && len(field.Value) > 0 {
			c.at.id = append(c.at.id, field.Value...)
			return
		}
	}
	c.at.id = fmt.Appendf(c.at.id, "%s-%08x", idPrefix, c.requests.Add(1))
}

// finish counts and logs a request that has ended.
func (c *client) finish() {
	took := time.Since(c.at.began)
	c.metrics.count(&c.at, took)
	if c.at.err != nil && c.at.status >= 500 && !isClientsFault(c.at.err) {
		c.log.Warn("Request failed", "method", string(c.request.Method), "path", string(c.request.Target),
			"status", c.at.status, "server", c.at.lastServer(), "error", c.at.err)
	}
	failed := c.at.status >= 500 || c.at.err != nil
	if c.config.AccessLog == "all" || c.config.AccessLog == "sampled" && (failed || rand.IntN(sampleOne) == 0) {
		c.logAccess(took)
	}
}

func (c *client) logAccess(took time.Duration) {
	line := []slog.Attr{
		slog.String("id", string(c.at.id)),
		slog.String("client", c.peer.String()),
		slog.String("method", string(c.request.Method)),
		slog.String("host", string(c.request.Host)),
		slog.String("path", string(c.request.Target)),
		slog.Int("status", c.at.status),
		slog.Int64("bytes", c.at.sentBytes),
		slog.Float64("ms", milliseconds(took)),
		slog.Float64("answer_ms", milliseconds(max(0, c.at.answered.Sub(c.at.began)))),
		slog.String("server", c.at.lastServer()),
		slog.Int("attempts", c.at.attempts),
	}
	if c.at.err != nil {
		line = append(line, slog.Any("error", c.at.err))
	}
	c.log.LogAttrs(context.Background(), slog.LevelInfo, "Request", line...)
}

// isClientsFault reports whether a request was not valid: anybody can send such,
// and nobody here needs to look.
func isClientsFault(err error) bool { return isMalformed(err) && !errors.Is(err, errBadAnswer) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
