package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrNoWork means that a claim found no work within its patience. Claim again.
var ErrNoWork = errors.New("no work")

// ClaimSpawn waits for the oldest wish in tempServers and moves it to
// spawningServers. The element may be anything: Parse it. It returns ErrNoWork
// if no wish comes within patience, and ctx's error as soon as ctx ends.
func (f *Fleet) ClaimSpawn(ctx context.Context, patience time.Duration) (string, error) {
	return f.claim(ctx, tempKey, spawningKey, patience)
}

// ClaimDestroy waits for the oldest wish in deleteServers and moves it to
// destroyingServers, as ClaimSpawn does.
func (f *Fleet) ClaimDestroy(ctx context.Context, patience time.Duration) (string, error) {
	return f.claim(ctx, deleteKey, destroyingKey, patience)
}

// claim is Redis's reliable queue (BLMOVE, "Pattern: Reliable queue"): a program
// that dies after it leaves the element where Lists shows it.
//
// The client does not look at ctx while it waits for an answer. Only closing the
// connection frees a blocked claim, so each claim has its own. Redis then
// forgets the claim too: no wish is moved for a program that has left.
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
//	KEYS  1 the list that gets it, on the right, unless it is already there;
//	      the rest lose it
//	ARGV  1 the element
//	→ nothing
var addScript = newScript(`
local moved = 0
for i = 2, #KEYS do moved = moved + redis.call('LREM', KEYS[i], 0, ARGV[1]) end
if not redis.call('LPOS', KEYS[1], ARGV[1]) then moved = redis.call('RPUSH', KEYS[1], ARGV[1]) end
if moved > 0 then journal(ARGV[1]) end
`)

func (f *Fleet) move(ctx context.Context, event Event, element, to string, from ...string) error {
	keys := append([]string{to}, from...)
	if err := f.run(ctx, addScript, event, keys, element).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("moving %s to %s: %w", element, to, err)
	}
	return nil
}

// Join puts a server that answers into rotation and ends its spawning. took is
// how long that lasted.
func (f *Fleet) Join(ctx context.Context, server Server, took time.Duration) error {
	return f.move(ctx, Event{What: Serving, Ms: took.Milliseconds()}, server.URL, serversKey, spawningKey, failedKey, drainKey)
}

// Fail gives up on spawning or destroying a server.
func (f *Fleet) Fail(ctx context.Context, server Server, cause error) error {
	return f.move(ctx, Event{What: GivenUp, Why: because(cause)}, server.URL, failedKey, spawningKey, destroyingKey, drainKey)
}

// setAsideScript moves an element from every list that has it.
//
//	KEYS  1 failedServers, then all lists of the fleet
//	ARGV  1 the element
//	→ nothing
var setAsideScript = newScript(`
local found = 0
for i = 2, #KEYS do
	if KEYS[i] ~= KEYS[1] then found = found + redis.call('LREM', KEYS[i], 0, ARGV[1]) end
end
if found == 0 then return end
if not redis.call('LPOS', KEYS[1], ARGV[1]) then redis.call('RPUSH', KEYS[1], ARGV[1]) end
journal(ARGV[1])
`)

// SetAside moves an element that is not a server URL to failedServers, from
// whichever lists have it by now: since it was seen, a claim may have moved it,
// or a person may have forgotten it.
func (f *Fleet) SetAside(ctx context.Context, bad Misplaced) error {
	event := Event{What: SetAside, Why: bad.Reason + ", in " + bad.list}
	keys := append([]string{failedKey}, fleetKeys...)
	if err := f.run(ctx, setAsideScript, event, keys, bad.Element).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("moving %s to %s: %w", bad.Element, failedKey, err)
	}
	return nil
}

// replaceScript moves a server that no longer answers from one list to
// another, if it is still in the first.
//
//	KEYS  1 servers  2 spawningServers  3 deleteServers  4 destroyingServers
//	ARGV  1 the element
//	→ 1 when it moved; 0 when it was not listed or is to be destroyed
var replaceScript = newScript(`
if redis.call('LPOS', KEYS[3], ARGV[1]) or redis.call('LPOS', KEYS[4], ARGV[1]) then return 0 end
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
if not redis.call('LPOS', KEYS[2], ARGV[1]) then redis.call('LPUSH', KEYS[2], ARGV[1]) end
journal(ARGV[1])
return 1
`)

// Respawn takes a server that died out of rotation, marks it as being spawned
// again, and reports whether it moved. A server that is to be destroyed is left
// alone: spawned again, it could come back after it was destroyed.
func (f *Fleet) Respawn(ctx context.Context, server Server, cause error) (bool, error) {
	event := Event{What: Lost, Why: because(cause)}
	moved, err := f.run(ctx, replaceScript, event, []string{serversKey, spawningKey, deleteKey, destroyingKey}, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("unlisting %s to spawn it again: %w", server.URL, err)
	}
	return moved, nil
}

// Leave takes a server that does not answer out of rotation.
func (f *Fleet) Leave(ctx context.Context, server Server, cause error) error {
	return f.remove(ctx, Event{What: Away, Why: because(cause)}, server, serversKey)
}

// removeScript takes an element out of lists.
//
//	KEYS  the lists
//	ARGV  1 the element
//	→ how often it was there
var removeScript = newScript(`
local lost = 0
for _, key in ipairs(KEYS) do lost = lost + redis.call('LREM', key, 0, ARGV[1]) end
if lost > 0 then journal(ARGV[1]) end
return lost
`)

// remove takes the server out of the lists, in one step.
func (f *Fleet) remove(ctx context.Context, event Event, server Server, keys ...string) error {
	_, err := f.take(ctx, event, server.URL, keys...)
	return err
}

// take is remove for any element. It returns how often the element was there.
func (f *Fleet) take(ctx context.Context, event Event, element string, keys ...string) (found int, err error) {
	found, err = f.run(ctx, removeScript, event, keys, element).Int()
	if err != nil {
		return 0, fmt.Errorf("taking %s off %v: %w", element, keys, err)
	}
	return found, nil
}

// startScript clears an earlier failure.
//
//	KEYS  1 failedServers
//	ARGV  1 the element
//	→ nothing
var startScript = newScript(`
redis.call('LREM', KEYS[1], 0, ARGV[1])
journal(ARGV[1])
`)

// StartSpawn clears an earlier failure of a server that is now being started.
func (f *Fleet) StartSpawn(ctx context.Context, server Server) error {
	err := f.run(ctx, startScript, Event{What: Starting}, []string{failedKey}, server.URL).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("taking %s off %s: %w", server.URL, failedKey, err)
	}
	return nil
}

// DropWishes withdraws every wish about a server.
func (f *Fleet) DropWishes(ctx context.Context, server Server) error {
	return f.remove(ctx, Event{What: Dropped}, server, tempKey, spawningKey, deleteKey, destroyingKey)
}

// BeginDrain takes a server out of rotation and asks the proxy to say when its
// last request has ended.
func (f *Fleet) BeginDrain(ctx context.Context, server Server) error {
	return f.move(ctx, Event{What: Draining}, server.URL, drainKey, serversKey)
}

// IsDraining reports whether the proxy may still have a request to server in
// flight.
func (f *Fleet) IsDraining(ctx context.Context, server Server) (bool, error) {
	return f.has(ctx, drainKey, server)
}

// has reports whether the list names the server.
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

// IsSpawning reports whether the server is still to be spawned.
func (f *Fleet) IsSpawning(ctx context.Context, server Server) (bool, error) {
	return f.has(ctx, spawningKey, server)
}

// IsDestroying reports whether the server is still to be destroyed.
func (f *Fleet) IsDestroying(ctx context.Context, server Server) (bool, error) {
	return f.has(ctx, destroyingKey, server)
}

// goneScript ends the destruction of a server.
//
//	KEYS  1 destroyingServers, then the lists that lose the server with it
//	ARGV  1 the element
//	→ nothing
var goneScript = newScript(`
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return end
for i = 2, #KEYS do redis.call('LREM', KEYS[i], 0, ARGV[1]) end
journal(ARGV[1])
`)

// Forget ends the destruction of a server whose container and image are gone.
// took is how long that lasted. While the server is in destroyingServers, a wish
// to spawn it can only be an older one, from before somebody destroyed it by
// hand, so it ends too. Afterwards the port may have been allotted again: a
// Forget that is repeated, because its answer was lost, does nothing.
func (f *Fleet) Forget(ctx context.Context, server Server, took time.Duration) error {
	keys := []string{destroyingKey, drainKey, serversKey, tempKey, spawningKey}
	err := f.run(ctx, goneScript, Event{What: Gone, Ms: took.Milliseconds()}, keys, server.URL).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("taking %s off %s: %w", server.URL, destroyingKey, err)
	}
	return nil
}
