package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/redis/go-redis/v9"
)

// Reasons why a wish is refused.
var (
	ErrFull             = errors.New("the limit of servers is reached")
	ErrOutOfPorts       = errors.New("no port is left")
	ErrNothingToDestroy = errors.New("nothing to destroy")
	ErrFirstServer      = errors.New("the first server is never spawned or destroyed here")
	ErrNotListed        = errors.New("not in rotation")
	ErrAlreadyGoing     = errors.New("already going")
)

// portOf is Site.Parse in Lua: the port of an element, or nil if it is not the
// URL of a server of this site.
const portOf = `
local function portOf(element, host, first)
  local digits = string.match(element, '^http://[^:/]+:(%d+)$')
  local port = digits and tonumber(digits)
  if port and port >= first and port <= 65535
    and element == 'http://' .. host .. ':' .. string.format('%d', port) then
    return port
  end
end
`

// survey finds the highest port that any of the lists names, and how many
// servers the first counting of them name, the first server included.
const survey = portOf + `
local function survey(keys, host, first, counting)
  local highest, count, seen = first, 1, {[first] = true}
  for i, key in ipairs(keys) do
    for _, element in ipairs(redis.call('LRANGE', key, 0, -1)) do
      local port = portOf(element, host, first)
      if port then
        highest = math.max(highest, port)
        if i <= counting and not seen[port] then
          seen[port] = true
          count = count + 1
        end
      end
    end
  end
  return highest, count
end
`

// spawnScript allots the next port and queues its server.
//
//	KEYS  tempServers, then the other lists that name servers; the first
//	      ARGV[4] of them all count against the limit
//	ARGV  1 host  2 first port  3 most servers  4 how many lists count
//	→ the port; 0 when the limit of servers is reached; -1 when the ports
//	  have run out
var spawnScript = newScript(survey + `
local highest, count = survey(KEYS, ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]))
if count >= tonumber(ARGV[3]) then return 0 end
if highest >= 65535 then return -1 end
local server = string.format('http://%s:%d', ARGV[1], highest + 1)
redis.call('LPUSH', KEYS[1], server)
journal(server)
return highest + 1
`)

// RequestSpawn allots the port after the highest in any list and queues its
// server in tempServers, in one step: no two wishes get the same port. It
// returns ErrFull when most servers, the first one included, run or are under
// way.
func (f *Fleet) RequestSpawn(ctx context.Context, most int) (Server, error) {
	port, err := f.run(ctx, spawnScript, Event{What: Wanted}, fleetKeys, f.Host, f.First, most, occupyingKeys).Int()
	switch {
	case err != nil:
		return Server{}, fmt.Errorf("allotting a port: %w", err)
	case port == 0:
		return Server{}, ErrFull
	case port < 0:
		return Server{}, ErrOutOfPorts
	}
	return f.Server(port), nil
}

// destroyScript picks a running server that is not the first and not already
// going, and queues it for destruction.
//
//	KEYS  1 servers  2 deleteServers  3 destroyingServers
//	ARGV  1 host  2 first port  3 a random whole number
//	→ the element, or false when there is none
var destroyScript = newScript(portOf + `
local host, first = ARGV[1], tonumber(ARGV[2])
local going, candidates = {}, {}
for i = 2, 3 do
  for _, element in ipairs(redis.call('LRANGE', KEYS[i], 0, -1)) do going[element] = true end
end
for _, element in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local port = portOf(element, host, first)
  if port and port ~= first and not going[element] then
    table.insert(candidates, element)
    going[element] = true
  end
end
if #candidates == 0 then return false end
local chosen = candidates[tonumber(ARGV[3]) % #candidates + 1]
redis.call('LPUSH', KEYS[2], chosen)
journal(chosen)
return chosen
`)

// RequestDestroy picks a running server at random, but never the first or one
// that is already going, and queues it in deleteServers. It returns
// ErrNothingToDestroy when there is none.
func (f *Fleet) RequestDestroy(ctx context.Context) (Server, error) {
	keys := []string{serversKey, deleteKey, destroyingKey}
	element, err := f.run(ctx, destroyScript, Event{What: Unwanted}, keys, f.Host, f.First, rand.Int32()).Text()
	if errors.Is(err, redis.Nil) {
		return Server{}, ErrNothingToDestroy
	}
	if err != nil {
		return Server{}, fmt.Errorf("choosing a server to destroy: %w", err)
	}
	return f.Parse(element)
}

// destroyOfScript queues one server for destruction.
//
//	KEYS  1 servers  2 deleteServers  3 destroyingServers
//	ARGV  1 the element
//	→ 1 when it is queued; 0 when it is not in rotation; -1 when it is already
//	  going
var destroyOfScript = newScript(`
if redis.call('LPOS', KEYS[2], ARGV[1]) or redis.call('LPOS', KEYS[3], ARGV[1]) then return -1 end
if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[1])
journal(ARGV[1])
return 1
`)

// RequestDestroyOf queues this server in deleteServers. It returns
// ErrFirstServer for the one that is never destroyed, ErrNotListed for one that
// is not in rotation, and ErrAlreadyGoing for one that was already chosen.
func (f *Fleet) RequestDestroyOf(ctx context.Context, server Server) error {
	if server.Port == f.First {
		return ErrFirstServer
	}
	keys := []string{serversKey, deleteKey, destroyingKey}
	queued, err := f.run(ctx, destroyOfScript, Event{What: Unwanted}, keys, server.URL).Int()
	switch {
	case err != nil:
		return fmt.Errorf("queueing %s to be destroyed: %w", server.URL, err)
	case queued == 0:
		return ErrNotListed
	case queued < 0:
		return ErrAlreadyGoing
	}
	return nil
}
