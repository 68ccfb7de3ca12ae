package fleet

import (
	"context"
	"fmt"
)

// renewScript takes a serving server out of rotation, to be started again.
//
//	KEYS  1 servers  2 spawningServers  3 drainServers
//	      4 deleteServers  5 destroyingServers
//	ARGV  1 the element  2 the first server
//	→ 1 when it moved; 0 when it was not listed or is to be destroyed, or the
//	  first server is not listed
var renewScript = newScript(`
if not redis.call('LPOS', KEYS[1], ARGV[2]) then return 0 end
if redis.call('LPOS', KEYS[4], ARGV[1]) or redis.call('LPOS', KEYS[5], ARGV[1]) then return 0 end
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
for i = 2, 3 do
  if not redis.call('LPOS', KEYS[i], ARGV[1]) then redis.call('LPUSH', KEYS[i], ARGV[1]) end
end
journal(ARGV[1])
return 1
`)

// Renew takes a serving server out of rotation, marks it as being spawned again,
// asks the proxy to say when its last request has ended, and reports whether it
// did. It moves only a server that is listed and not to be destroyed, and only
// while the first server is listed.
func (f *Fleet) Renew(ctx context.Context, server Server) (bool, error) {
	keys := []string{serversKey, spawningKey, drainKey, deleteKey, destroyingKey}
	moved, err := f.run(ctx, renewScript, Event{What: Renewing}, keys, server.URL, f.FirstServer().URL).Bool()
	if err != nil {
		return false, fmt.Errorf("unlisting %s to renew it: %w", server.URL, err)
	}
	return moved, nil
}

// stepAsideScript drains a server if another one stays.
//
//	KEYS  1 servers  2 drainServers  3 deleteServers  4 destroyingServers
//	ARGV  1 the element
//	→ 1 when it moved; 0 when it was not listed or no other stays
var stepAsideScript = newScript(`
local stays = false
for _, other in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local going = redis.call('LPOS', KEYS[3], other) or redis.call('LPOS', KEYS[4], other)
  if other ~= ARGV[1] and not going then stays = true end
end
if not stays or redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
if not redis.call('LPOS', KEYS[2], ARGV[1]) then redis.call('LPUSH', KEYS[2], ARGV[1]) end
journal(ARGV[1])
return 1
`)

// StepAside takes a server out of rotation if another one stays, asks the proxy
// to say when its last request has ended, and reports whether it did.
func (f *Fleet) StepAside(ctx context.Context, server Server) (bool, error) {
	keys := []string{serversKey, drainKey, deleteKey, destroyingKey}
	moved, err := f.run(ctx, stepAsideScript, Event{What: SteppedAside}, keys, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("unlisting %s before it stops: %w", server.URL, err)
	}
	return moved, nil
}
