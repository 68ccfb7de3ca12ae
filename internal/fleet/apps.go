package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Colours are the names of the two apps.
var Colours = []string{"blue", "green"}

// appKeys are the lists that hold the state of the two apps.
var appKeys = []string{blueKey, drainBlueKey, failedBlueKey, greenKey, drainGreenKey, failedGreenKey}

// Failing is the state of a release that has the requests but does not answer
// them as it should: it is in blueServers and in failedBlueServers.
const Failing State = "failing"

// App returns the release of a colour that has the requests, Running or
// Failing, and reports whether there is one. It may have any port: an app's
// ports have nothing to do with the first server's.
func (l Lists) App(colour string) (ServerState, bool) {
	keys := rotations[colour]
	site := Site{Host: l.site.Host, First: 1}
	for _, element := range l.elements[keys.servers] {
		server, err := site.Parse(element)
		if err != nil {
			continue
		}
		if slices.Contains(l.elements[keys.failed], element) {
			return ServerState{server, Failing}, true
		}
		return ServerState{server, Running}, true
	}
	return ServerState{}, false
}

// failingScript makes one release of an app the only failing one, or none.
//
//	KEYS  1 failedBlueServers  2 blueServers (or green's)
//	ARGV  1 the element  2 1 if it fails, else 0
//	→ nothing
var failingScript = newScript(`
local fails = ARGV[2] == '1' and redis.call('LPOS', KEYS[2], ARGV[1])
for _, element in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if element ~= ARGV[1] then
    redis.call('LREM', KEYS[1], 0, element)
  elseif fails then
    return
  else
    redis.call('LREM', KEYS[1], 0, element)
    journal(element)
  end
end
if fails then
  redis.call('RPUSH', KEYS[1], ARGV[1])
  journal(ARGV[1])
end
`)

// MarkApp puts the release of a colour that has the requests into
// failedBlueServers or, if why is empty, clears that list.
func (f *Fleet) MarkApp(ctx context.Context, colour string, server Server, why string) error {
	keys, known := rotations[colour]
	if !known {
		return fmt.Errorf("marking %q: expected blue or green", colour)
	}
	event, fails := Event{What: Recovered, Pool: colour}, 0
	if why != "" {
		event, fails = Event{What: Fails, Pool: colour, Why: why}, 1
	}
	err := f.run(ctx, failingScript, event, []string{keys.failed, keys.servers}, server.URL, fails).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("writing %s: %w", keys.failed, err)
	}
	return nil
}

// restartedScript records that a release was started again.
//
//	KEYS  1 blueServers (or green's)
//	ARGV  1 the element
//	→ nothing
var restartedScript = newScript(`
if redis.call('LPOS', KEYS[1], ARGV[1]) then
  journal(ARGV[1])
end
`)

// NoteRestart records in the journal that the release with the requests ended
// and was started again. No list shows this.
func (f *Fleet) NoteRestart(ctx context.Context, colour string, server Server, why string) error {
	event := Event{What: Restarted, Pool: colour, Why: why}
	err := f.run(ctx, restartedScript, event, []string{rotations[colour].servers}, server.URL).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("writing %s: %w", eventsKey, err)
	}
	return nil
}
