package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ErrNoServers means that the rotation is empty.
var ErrNoServers = errors.New("no server is listed")

// Rotation is a list that a proxy rotates, with the list of the servers that
// left it and whose last requests may still run.
type Rotation struct {
	fleet   *Fleet
	servers string
	drain   string
}

// rotations says which proxy works on which lists.
var rotations = map[string]struct{ servers, drain string }{
	"proxy": {serversKey, drainKey},
	"blue":  {blueKey, drainBlueKey},
	"green": {greenKey, drainGreenKey},
}

// Rotation returns the rotation of the service proxy, blue or green.
func (f *Fleet) Rotation(service string) (*Rotation, error) {
	keys, known := rotations[service]
	if !known {
		return nil, fmt.Errorf("setting SERVICE=%q: expected proxy, blue or green", service)
	}
	return &Rotation{fleet: f, servers: keys.servers, drain: keys.drain}, nil
}

// Next takes the server whose turn it is and puts it at the back of the list
// (RPOPLPUSH with one list as source and destination, Redis's "Circular
// list"). It returns ErrNoServers when the list is empty and an InvalidError
// when the element is no server; the next call then gives the next element.
func (r *Rotation) Next(ctx context.Context) (Server, error) {
	//lint:ignore SA1019 the contract promises RPOPLPUSH to whoever watches with redis-cli monitor
	element, err := r.fleet.client.RPopLPush(ctx, r.servers, r.servers).Result()
	if errors.Is(err, redis.Nil) {
		return Server{}, ErrNoServers
	}
	if err != nil {
		return Server{}, fmt.Errorf("rotating %s: %w", r.servers, err)
	}
	return r.fleet.Parse(element)
}

// Read returns the servers in rotation and those that drain, at one moment.
func (r *Rotation) Read(ctx context.Context) (listed, draining []Server, err error) {
	var servers, drain *redis.StringSliceCmd
	_, err = r.fleet.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		servers = tx.LRange(ctx, r.servers, 0, -1)
		drain = tx.LRange(ctx, r.drain, 0, -1)
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

// Drained says that no request to server is in flight any more.
func (r *Rotation) Drained(ctx context.Context, server Server) error {
	return r.fleet.remove(ctx, server, r.drain)
}
