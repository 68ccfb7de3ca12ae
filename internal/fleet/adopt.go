package fleet

import (
	"context"
	"fmt"
)

// adoptScript puts a server that no list knows into one. Its first write, which
// changes nothing, is one that a full Redis allows, as it then does the others.
//
//	KEYS  1 where it goes, then the lists that name servers
//	ARGV  1 the element
//	→ 1 when it is new; 0 when some list has it
var adoptScript = newScript(`
for _, key in ipairs(KEYS) do
  if redis.call('LPOS', key, ARGV[1]) then return 0 end
end
redis.call('LREM', KEYS[1], 0, ARGV[1])
redis.call('RPUSH', KEYS[1], ARGV[1])
journal(ARGV[1])
return 1
`)

// Adopt lists a server that answers but is in no list: the first server at the
// start, or any after the lists were lost. It reports whether it did.
func (f *Fleet) Adopt(ctx context.Context, server Server) (bool, error) {
	keys := append([]string{serversKey}, fleetKeys...)
	adopted, err := f.run(ctx, adoptScript, Event{What: Adopted}, keys, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("adopting %s: %w", server.URL, err)
	}
	return adopted, nil
}

// Reclaim marks a server that has a container, does not answer and that no list
// knows as being spawned again. It reports whether it did.
func (f *Fleet) Reclaim(ctx context.Context, server Server, cause error) (bool, error) {
	keys := append([]string{spawningKey}, fleetKeys...)
	reclaimed, err := f.run(ctx, adoptScript, Event{What: Lost, Why: because(cause)}, keys, server.URL).Bool()
	if err != nil {
		return false, fmt.Errorf("reclaiming %s: %w", server.URL, err)
	}
	return reclaimed, nil
}
