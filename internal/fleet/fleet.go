// Package fleet is the contract between the programs, in code: every Redis
// list, what its elements are, and one method for each arrow between lists.
// The programs meet here and nowhere else, and speak of servers, not of Redis.
//
// Everything that touches more than one list is a single Lua script or a
// single LMOVE, which Redis runs with nothing in between (Redis, "Atomicity of
// scripts"): whichever program dies, and whenever, an element is in one list
// or the other, never in neither.
package fleet

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"deux/internal/program"
)

// Fleet is the lists of one system.
type Fleet struct {
	Site
	redis   Redis
	client  *redis.Client
	program string
	// journalled counts, as Redis does, the changes of this program that touched
	// no list that says where a server is.
	journalled atomic.Int64
}

// Open returns the fleet whose lists are in that Redis. It does not connect:
// the first command does, and each command after a failure tries again.
func Open(where Redis, site Site) *Fleet {
	return &Fleet{Site: site, redis: where, client: newClient(where)}
}

// newClient never repeats a command by itself: when an answer is lost, nobody
// knows whether a port was allotted, and a second try could allot another. Nor
// does it dial again: callers that want to wait for Redis call Wait.
func newClient(where Redis) *redis.Client {
	logging.Disable()
	client := redis.NewClient(&redis.Options{
		Addr:                  where.Address,
		Password:              string(where.Password),
		MaxRetries:            -1,
		DialTimeout:           2 * time.Second,
		DialerRetries:         1,
		ReadTimeout:           3 * time.Second,
		WriteTimeout:          3 * time.Second,
		ContextTimeoutEnabled: true,
		DisableIdentity:       true,
		OnConnect:             greet,
	})
	client.AddHook(named{})
	return client
}

// As names the program that moves servers, for the journal, and returns f.
func (f *Fleet) As(program string) *Fleet {
	f.program = program
	return f
}

// greet sends a short command over a new connection: on a long one without a
// password Redis hangs up and does not say that it wants one.
func greet(ctx context.Context, connection *redis.Conn) error { return connection.Ping(ctx).Err() }

// Close closes the connections. A claim has its own, which its context closes.
func (f *Fleet) Close() error { return f.client.Close() }

// Ping returns nil when Redis answers.
func (f *Fleet) Ping(ctx context.Context) error { return f.client.Ping(ctx).Err() }

// pingPause is how long Wait pauses between two tries.
const pingPause = 500 * time.Millisecond

// Wait returns when Redis answers, or with ctx's error.
func (f *Fleet) Wait(ctx context.Context, redis *program.Outage) error {
	for range program.Pauses(ctx, pingPause, pingPause) {
		err := f.Ping(ctx)
		if redis.Note(err); err == nil {
			return nil
		}
	}
	return ctx.Err()
}

// Reserved reports whether key names one of the system's lists or another key
// that it keeps for itself.
func Reserved(key string) bool {
	return slices.Contains(reservedKeys, key) || strings.HasPrefix(key, ownPrefix)
}
