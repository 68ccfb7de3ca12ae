package fleet

import "slices"

// Pool is the lists of one pool at one moment, each as lrange shows it: new
// elements first where they enter on the left. An element may be anything.
type Pool struct {
	Wanted   []string // tempServers
	Starting []string // spawningServers
	Serving  []string // servers, blueServers or greenServers
	Chosen   []string // deleteServers, which is to go and still serves
	Leaving  []string // destroyingServers
	Draining []string // drainServers, drainBlueServers or drainGreenServers
	Failed   []string // failedServers; of a colour, what has the requests and fails
}

// Pool returns the lists of web, blue or green.
func (l Lists) Pool(name string) Pool {
	of := func(key string) []string { return slices.Clone(l.elements[key]) }
	if name == "web" {
		return Pool{
			Wanted: of(tempKey), Starting: of(spawningKey), Serving: of(serversKey), Chosen: of(deleteKey),
			Leaving: of(destroyingKey), Draining: of(drainKey), Failed: of(failedKey),
		}
	}
	keys := rotations[name]
	return Pool{Serving: of(keys.servers), Draining: of(keys.drain), Failed: of(keys.failed)}
}
