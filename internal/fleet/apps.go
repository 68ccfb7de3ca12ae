package fleet

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Colours are the names of the two apps.
var Colours = []string{"blue", "green"}

// appKeys are the lists that say how the two apps are.
var appKeys = []string{blueKey, failedBlueKey, greenKey, failedGreenKey}

// Failing is the state of a release that has the requests and does not answer
// them as it should: in blueServers and in failedBlueServers.
const Failing State = "failing"

// App returns the release of a colour that has the requests, Running or
// Failing, and reports whether there is one. Its port may be any: an app's
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

// failingScript says which release of an app fails: one that has the requests,
// or none.
//
//	KEYS  1 failedBlueServers  2 blueServers (or green's)
//	ARGV  1 the element that fails, or ""
//	→ nothing
var failingScript = redis.NewScript(`
redis.call('DEL', KEYS[1])
if ARGV[1] ~= '' and redis.call('LPOS', KEYS[2], ARGV[1]) then redis.call('RPUSH', KEYS[1], ARGV[1]) end
`)

// MarkApp puts the release of a colour into failedBlueServers or, if it does
// not fail, takes whatever is there off.
func (f *Fleet) MarkApp(ctx context.Context, colour string, server Server, fails bool) error {
	keys, known := rotations[colour]
	if !known {
		return fmt.Errorf("marking %q: expected blue or green", colour)
	}
	element := ""
	if fails {
		element = server.URL
	}
	err := failingScript.Run(ctx, f.client, []string{keys.failed, keys.servers}, element).Err()
	if err != nil && err != redis.Nil {
		return fmt.Errorf("writing %s: %w", keys.failed, err)
	}
	return nil
}
