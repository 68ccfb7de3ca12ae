package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrNoWork means that a claim's patience ended without work. Claim again.
var ErrNoWork = errors.New("no work")

// ClaimSpawn waits for the oldest wish in tempServers and moves it to
// spawningServers. The element may be anything: Parse it. It returns ErrNoWork
// after patience without a wish, and ctx's error as soon as ctx ends.
func (f *Fleet) ClaimSpawn(ctx context.Context, patience time.Duration) (string, error) {
	return f.claim(ctx, tempKey, spawningKey, patience)
}

// ClaimDestroy waits for the oldest wish in deleteServers and moves it to
// destroyingServers, as ClaimSpawn does.
func (f *Fleet) ClaimDestroy(ctx context.Context, patience time.Duration) (string, error) {
	return f.claim(ctx, deleteKey, destroyingKey, patience)
}

// claim is Redis's reliable queue (BLMOVE, "Pattern: Reliable queue"): whoever
// dies after it leaves the element where Lists shows it.
//
// The client does not look at ctx while it waits for an answer. What frees a
// blocked claim is the end of its connection, so each claim has one of its own.
// Redis then forgets the claim too: no wish is moved for somebody who has left.
func (f *Fleet) claim(ctx context.Context, from, to string, patience time.Duration) (string, error) {
	client := newClient(f.redis)
	closing := sync.OnceFunc(func() { _ = client.Close() })
	defer closing()
	defer context.AfterFunc(ctx, closing)()
	element, err := client.BLMove(ctx, from, to, "RIGHT", "LEFT", patience).Result()
	switch {
	case err == nil:
		return element, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, redis.Nil):
		return "", ErrNoWork
	}
	return "", fmt.Errorf("claiming from %s: %w", from, err)
}

// addScript puts an element into one list and takes it out of others.
//
//	KEYS  1 the list that gets it, on the right, unless it is there already;
//	      the rest lose it
//	ARGV  1 the element
//	→ how many entries the others lost
var addScript = redis.NewScript(`
local lost = 0
for i = 2, #KEYS do lost = lost + redis.call('LREM', KEYS[i], 0, ARGV[1]) end
if not redis.call('LPOS', KEYS[1], ARGV[1]) then redis.call('RPUSH', KEYS[1], ARGV[1]) end
return lost
`)

func (f *Fleet) move(ctx context.Context, element, to string, from ...string) error {
	keys := append([]string{to}, from...)
	if err := addScript.Run(ctx, f.client, keys, element).Err(); err != nil {
		return fmt.Errorf("moving %s to %s: %w", element, to, err)
	}
	return nil
}

// List puts a server that answers into rotation and ends its spawning.
func (f *Fleet) List(ctx context.Context, server Server) error {
	return f.move(ctx, server.URL, serversKey, spawningKey, failedKey, drainKey)
}

// Fail gives up spawning or destroying a server.
func (f *Fleet) Fail(ctx context.Context, server Server) error {
	return f.move(ctx, server.URL, failedKey, spawningKey, destroyingKey, drainKey)
}

// SetAside moves an element that is no server URL to failedServers.
func (f *Fleet) SetAside(ctx context.Context, bad Misplaced) error {
	return f.move(ctx, bad.Element, failedKey, bad.list)
}

// replaceScript moves a server that no longer answers from one list to
// another, if it is still in the first.
//
//	KEYS  1 servers  2 spawningServers
//	ARGV  1 the element
//	→ 1 when it moved, else 0
var replaceScript = redis.NewScript(`
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
if not redis.call('LPOS', KEYS[2], ARGV[1]) then redis.call('LPUSH', KEYS[2], ARGV[1]) end
return 1
`)

// Respawn takes a server that died out of rotation and marks it as being
// spawned again. It tells whether the server was still listed.
func (f *Fleet) Respawn(ctx context.Context, server Server) (bool, error) {
	moved, err := replaceScript.Run(ctx, f.client, []string{serversKey, spawningKey}, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("unlisting %s to spawn it again: %w", server.URL, err)
	}
	return moved, nil
}

// renewScript takes a server that serves out of rotation, to be started anew.
//
//	KEYS  1 servers  2 spawningServers  3 drainServers
//	      4 deleteServers  5 destroyingServers
//	ARGV  1 the element  2 the first server
//	→ 1 when it moved, 0 when it was not listed or is to be destroyed, or the
//	  first server is not there to serve
var renewScript = redis.NewScript(`
if not redis.call('LPOS', KEYS[1], ARGV[2]) then return 0 end
if redis.call('LPOS', KEYS[4], ARGV[1]) or redis.call('LPOS', KEYS[5], ARGV[1]) then return 0 end
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
for i = 2, 3 do
  if not redis.call('LPOS', KEYS[i], ARGV[1]) then redis.call('LPUSH', KEYS[i], ARGV[1]) end
end
return 1
`)

// Renew takes a server that serves out of rotation, marks it as being spawned
// again, and asks the proxy to tell when its last request has ended. It does so
// only with a server that is listed and not to be destroyed, and while the first
// server is listed, and tells whether it did.
func (f *Fleet) Renew(ctx context.Context, server Server) (bool, error) {
	keys := []string{serversKey, spawningKey, drainKey, deleteKey, destroyingKey}
	moved, err := renewScript.Run(ctx, f.client, keys, server.URL, f.FirstServer().URL).Bool()
	if err != nil {
		return false, fmt.Errorf("unlisting %s to renew it: %w", server.URL, err)
	}
	return moved, nil
}

// stepAsideScript drains a server if another one stays.
//
//	KEYS  1 servers  2 drainServers  3 deleteServers  4 destroyingServers
//	ARGV  1 the element
//	→ 1 when it moved, 0 when it was not listed or no other stays
var stepAsideScript = redis.NewScript(`
local stays = false
for _, other in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local going = redis.call('LPOS', KEYS[3], other) or redis.call('LPOS', KEYS[4], other)
  if other ~= ARGV[1] and not going then stays = true end
end
if not stays or redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
if not redis.call('LPOS', KEYS[2], ARGV[1]) then redis.call('LPUSH', KEYS[2], ARGV[1]) end
return 1
`)

// StepAside takes a server out of rotation if another is there that is not to
// go, and asks the proxy to tell when its last request has ended. It tells
// whether it did.
func (f *Fleet) StepAside(ctx context.Context, server Server) (bool, error) {
	keys := []string{serversKey, drainKey, deleteKey, destroyingKey}
	moved, err := stepAsideScript.Run(ctx, f.client, keys, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("unlisting %s before it stops: %w", server.URL, err)
	}
	return moved, nil
}

// Unlist takes a server out of rotation.
func (f *Fleet) Unlist(ctx context.Context, server Server) error {
	return f.remove(ctx, server, serversKey)
}

// remove takes the server out of the lists, in one step.
func (f *Fleet) remove(ctx context.Context, server Server, keys ...string) error {
	_, err := f.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		for _, key := range keys {
			tx.LRem(ctx, key, 0, server.URL)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("taking %s off %v: %w", server.URL, keys, err)
	}
	return nil
}

// ForgetFailure clears an earlier failure of a server that is spawned again.
func (f *Fleet) ForgetFailure(ctx context.Context, server Server) error {
	return f.remove(ctx, server, failedKey)
}

// DropWishes takes back every wish about a server.
func (f *Fleet) DropWishes(ctx context.Context, server Server) error {
	return f.remove(ctx, server, tempKey, spawningKey, deleteKey, destroyingKey)
}

// BeginDrain takes a server out of rotation and asks the proxy to tell when
// its last request has ended.
func (f *Fleet) BeginDrain(ctx context.Context, server Server) error {
	return f.move(ctx, server.URL, drainKey, serversKey)
}

// Draining tells whether the proxy may still have a request to server in
// flight.
func (f *Fleet) Draining(ctx context.Context, server Server) (bool, error) {
	return f.has(ctx, drainKey, server)
}

// has tells whether the list names the server.
func (f *Fleet) has(ctx context.Context, key string, server Server) (bool, error) {
	err := f.client.LPos(ctx, key, server.URL, redis.LPosArgs{}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", key, err)
	}
	return true, nil
}

// IsSpawning tells whether the server is still to be spawned.
func (f *Fleet) IsSpawning(ctx context.Context, server Server) (bool, error) {
	return f.has(ctx, spawningKey, server)
}

// IsDestroying tells whether the server is still to be destroyed.
func (f *Fleet) IsDestroying(ctx context.Context, server Server) (bool, error) {
	return f.has(ctx, destroyingKey, server)
}

// Gone ends the destruction of a server whose container and image are removed.
func (f *Fleet) Gone(ctx context.Context, server Server) error {
	return f.remove(ctx, server, destroyingKey, drainKey, serversKey)
}

// adoptScript lists a server that no list knows.
//
//	KEYS  1 servers, then the other lists that name servers
//	ARGV  1 the element
//	→ 1 when it is new, 0 when some list has it
var adoptScript = redis.NewScript(`
for _, key in ipairs(KEYS) do
  if redis.call('LPOS', key, ARGV[1]) then return 0 end
end
redis.call('RPUSH', KEYS[1], ARGV[1])
return 1
`)

// Adopt lists a server that answers and that no list knows: the first server
// at the start, or one whose lists were lost. It tells whether it did.
func (f *Fleet) Adopt(ctx context.Context, server Server) (bool, error) {
	keys := append([]string{serversKey}, fleetKeys...)
	adopted, err := adoptScript.Run(ctx, f.client, keys, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("adopting %s: %w", server.URL, err)
	}
	return adopted, nil
}
