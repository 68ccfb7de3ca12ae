package fleet

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// switchScript makes one server the only one in rotation, and asks the proxy to
// say when the last requests to the others have ended. Servers that are not of the
// site, as of before a change of HOST_IP, get no requests and go.
//
//	KEYS  1 blueServers  2 drainBlueServers  3 failedBlueServers (or green's)
//	ARGV  1 the element that takes over  2 how the site's elements start
//	      3 the site's lowest port  4… those that run, listed or not
//	→ nothing
var switchScript = newScript(`
for _, key in ipairs(KEYS) do
  for _, element in ipairs(redis.call('LRANGE', key, 0, -1)) do
    local host, port = string.match(element, '^(http://[%d.]+:)(%d+)$')
    if host and (host ~= ARGV[2] or tonumber(port) < tonumber(ARGV[3])) then redis.call('LREM', key, 0, element) end
  end
end
if not redis.call('LPOS', KEYS[1], ARGV[1]) then
  redis.call('RPUSH', KEYS[1], ARGV[1])
  journal(ARGV[1])
  for i = 4, #ARGV do
    if not redis.call('LPOS', KEYS[2], ARGV[i]) then redis.call('LPUSH', KEYS[2], ARGV[i]) end
  end
end
redis.call('LREM', KEYS[2], 0, ARGV[1])
for _, element in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if element ~= ARGV[1] and redis.call('LREM', KEYS[1], 0, element) > 0 then
    redis.call('LREM', KEYS[3], 0, element)
    if not redis.call('LPOS', KEYS[2], element) then redis.call('LPUSH', KEYS[2], element) end
  end
end
`)

// Switch lists server and unlists every other one, which from then on drains and
// no longer counts as failing. So do the running ones that no list knows: if the
// lists were lost before, the proxy still sends requests to them from memory. One
// that is not of the site does not drain: it is in no list any more. Switch is one
// step: no request finds an empty list or an unlisted server.
func (r *Rotation) Switch(ctx context.Context, server Server, running ...Server) error {
	keys := []string{r.servers, r.drain, r.failed}
	event := Event{What: Switched, Pool: r.pool}
	elements := []any{server.URL, "http://" + r.fleet.Host + ":", r.fleet.First}
	for _, other := range running {
		elements = append(elements, other.URL)
	}
	if err := r.fleet.run(ctx, switchScript, event, keys, elements...).Err(); err != nil && err != redis.Nil {
		return fmt.Errorf("switching %s to %s: %w", r.servers, server.URL, err)
	}
	return nil
}

// drainsScript looks whether a release still drains. If the one that took over
// is not listed, the lists were lost, and with them what the proxy would say:
// then both are put back.
//
//	KEYS  1 blueServers  2 drainBlueServers (or green's)
//	ARGV  1 the element that drains  2 the one that took over
//	→ 1 if it drains, else 0
var drainsScript = newScript(`
if redis.call('LPOS', KEYS[2], ARGV[1]) then return 1 end
if redis.call('LPOS', KEYS[1], ARGV[2]) then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('LPUSH', KEYS[2], ARGV[1])
journal(ARGV[2])
return 1
`)

// StillDrains reports whether the proxy may still have a request in flight to a
// server that successor took over from. If the lists were lost meanwhile, it
// lists successor again, and the drain starts again.
func (r *Rotation) StillDrains(ctx context.Context, server, successor Server) (bool, error) {
	event := Event{What: Switched, Pool: r.pool}
	drains, err := r.fleet.run(ctx, drainsScript, event, []string{r.servers, r.drain}, server.URL, successor.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("looking for %s in %s: %w", server.URL, r.drain, err)
	}
	return drains, nil
}

// Forget takes a server that is gone off all lists of the rotation.
func (r *Rotation) Forget(ctx context.Context, server Server) error {
	return r.fleet.remove(ctx, Event{What: Gone, Pool: r.pool}, server, r.servers, r.drain, r.failed)
}
