package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrNoServers means that the rotation is empty.
var ErrNoServers = errors.New("no server is listed")

// Rotation is a list that a proxy rotates, together with the list of servers
// that left it and whose last requests may still run.
type Rotation struct {
	fleet   *Fleet
	pool    string // web, blue or green
	servers string
	drain   string
	failed  string
	load    string
}

// rotations maps each proxy to its lists.
var rotations = map[string]struct{ pool, servers, drain, failed, load string }{
	"proxy": {"web", serversKey, drainKey, failedKey, webLoadKey},
	"blue":  {"blue", blueKey, drainBlueKey, failedBlueKey, blueLoadKey},
	"green": {"green", greenKey, drainGreenKey, failedGreenKey, greenLoadKey},
}

// Rotation returns the rotation of the service proxy, blue or green.
func (f *Fleet) Rotation(service string) (*Rotation, error) {
	keys, known := rotations[service]
	if !known {
		return nil, fmt.Errorf("setting SERVICE=%q: expected proxy, blue or green", service)
	}
	return &Rotation{fleet: f, pool: keys.pool, servers: keys.servers, drain: keys.drain, failed: keys.failed, load: keys.load}, nil
}

// Turns rotates a list for many requests at a time. It reuses its buffers and is
// not safe for concurrent use.
type Turns struct {
	rotation *Rotation
	client   *redis.Client
	commands []*redis.StringCmd
	parsed   map[string]Server
	taken    []Server
}

// Turns returns a way to rotate the list. Redis has one second to answer: with
// requests waiting, the last known list is better than a late one.
func (r *Rotation) Turns() *Turns {
	return &Turns{rotation: r, client: r.fleet.client.WithTimeout(turnTimeout), parsed: make(map[string]Server)}
}

const turnTimeout = time.Second

// maxParsed bounds how many elements Turns remembers.
const maxParsed = 1000

// Next takes the servers whose turns are the next n, in the list's order, and
// puts each at the back of the list (RPOPLPUSH with one list as source and
// destination, Redis's "Circular list"), n commands in one pipeline. It returns
// ErrNoServers when the list is empty. Elements that are not servers are passed
// over and returned as an InvalidError each, so there may be fewer than n
// servers. The slice is valid until the next call.
func (t *Turns) Next(ctx context.Context, n int) (servers []Server, garbage []*InvalidError, err error) {
	r := t.rotation
	for len(t.commands) < n {
		t.commands = append(t.commands, redis.NewStringCmd(ctx, "rpoplpush", r.servers, r.servers))
	}
	pipeline := t.client.Pipeline()
	for _, command := range t.commands[:n] {
		_ = pipeline.Process(ctx, command)
	}
	if _, err := pipeline.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, nil, fmt.Errorf("rotating %s: %w", r.servers, err)
	}
	t.taken = t.taken[:0]
	for _, command := range t.commands[:n] {
		element, err := command.Result()
		if err != nil { // redis.Nil: the list is empty
			continue
		}
		server, err := t.parse(element)
		if err != nil {
			garbage = append(garbage, err.(*InvalidError))
			continue
		}
		t.taken = append(t.taken, server)
	}
	if len(t.taken) == 0 && len(garbage) == 0 {
		return nil, nil, ErrNoServers
	}
	return t.taken, garbage, nil
}

func (t *Turns) parse(element string) (Server, error) {
	if server, known := t.parsed[element]; known {
		return server, nil
	}
	server, err := t.rotation.fleet.Parse(element)
	if err != nil {
		return server, err
	}
	if len(t.parsed) == maxParsed {
		clear(t.parsed)
	}
	t.parsed[element] = server
	return server, nil
}

// GiveBack undoes the last n turns, which no request used: it rotates the list
// the other way.
func (r *Rotation) GiveBack(ctx context.Context, n int) error {
	_, err := r.fleet.client.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		for range n {
			pipeline.LMove(ctx, r.servers, r.servers, "LEFT", "RIGHT")
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("giving turns of %s back: %w", r.servers, err)
	}
	return nil
}

// Read returns the servers in rotation and those that drain. A server that moves
// from one list to the other meanwhile is in both.
func (r *Rotation) Read(ctx context.Context) (listed, draining []Server, err error) {
	var servers, drain *redis.StringSliceCmd
	_, err = r.fleet.client.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		servers = pipeline.LRange(ctx, r.servers, 0, -1)
		drain = pipeline.LRange(ctx, r.drain, 0, -1)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s and %s: %w", r.servers, r.drain, err)
	}
	lists := Lists{site: r.fleet.Site, elements: map[string][]string{
		r.servers: servers.Val(), r.drain: drain.Val(),
	}}
	return lists.valid(r.servers), lists.valid(r.drain), nil
}

// AwaitDrain waits until a server drains, but no longer than patience (which
// Redis counts in whole seconds), and reports whether one does. If ctx ends
// first, it still returns only when Redis answers.
func (r *Rotation) AwaitDrain(ctx context.Context, patience time.Duration) (bool, error) {
	return r.fleet.awaitElement(ctx, r.drain, patience)
}

// AwaitDraining waits, as AwaitDrain does, for any web server to drain, and
// reports whether server does. While another drains it returns at once.
func (f *Fleet) AwaitDraining(ctx context.Context, server Server, patience time.Duration) (bool, error) {
	if some, err := f.awaitElement(ctx, drainKey, patience); !some || err != nil {
		return false, err
	}
	return f.IsDraining(ctx, server)
}

// awaitElement waits until a list has an element. It changes nothing that
// matters: BLMOVE with one list as source and destination only rotates it.
func (f *Fleet) awaitElement(ctx context.Context, list string, patience time.Duration) (bool, error) {
	err := f.client.BLMove(ctx, list, list, "RIGHT", "LEFT", patience).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("waiting for %s: %w", list, err)
	}
	return true, nil
}

// Drained says that no request to server is in flight any more.
func (r *Rotation) Drained(ctx context.Context, server Server) error {
	return r.fleet.remove(ctx, Event{What: Drained, Pool: r.pool}, server, r.drain)
}
