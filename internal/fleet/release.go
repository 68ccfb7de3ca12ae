package fleet

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// switchScript makes one server the only one in rotation, and asks the proxy to
// say when the last requests to the others have ended.
//
//	KEYS  1 blueServers  2 drainBlueServers  3 failedBlueServers (or green's)
//	ARGV  1 the element that takes over
//	→ nothing
var switchScript = newScript(`
if not redis.call('LPOS', KEYS[1], ARGV[1]) then
  redis.call('RPUSH', KEYS[1], ARGV[1])
  journal(ARGV[1])
end
redis.call('LREM', KEYS[2], 0, ARGV[1])
for _, element in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if element ~= ARGV[1] and redis.call('LREM', KEYS[1], 0, element) > 0 then
    redis.call('LREM', KEYS[3], 0, element)
    if not redis.call('LPOS', KEYS[2], element) then redis.call('LPUSH', KEYS[2], element) end
  end
end
`)

// Switch lists server and unlists every other one, which from then on drains
// and no longer counts as failing. It is one step: no request finds an empty
// list or an unlisted server.
func (r *Rotation) Switch(ctx context.Context, server Server) error {
	keys := []string{r.servers, r.drain, r.failed}
	event := Event{What: Switched, Pool: r.pool}
	if err := r.fleet.run(ctx, switchScript, event, keys, server.URL).Err(); err != nil && err != redis.Nil {
		return fmt.Errorf("switching %s to %s: %w", r.servers, server.URL, err)
	}
	return nil
}

// IsDraining reports whether the proxy may still have a request to server in
// flight.
func (r *Rotation) IsDraining(ctx context.Context, server Server) (bool, error) {
	return r.fleet.has(ctx, r.drain, server)
}

// Forget takes a server that is gone off all lists of the rotation.
func (r *Rotation) Forget(ctx context.Context, server Server) error {
	return r.fleet.remove(ctx, Event{What: Gone, Pool: r.pool}, server, r.servers, r.drain, r.failed)
}
