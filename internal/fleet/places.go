package fleet

import (
	"cmp"
	"slices"
)

// Pools are the names of all pools, that of the web app first.
var Pools = append([]string{web}, Colours...)

const web = "web"

// Place is where an element of a pool's lists is: one Place for each element,
// however many lists hold it.
type Place struct {
	Element  string
	Port     int // 0 if the element is not a URL of a server
	State    State
	List     string // the list that gives it the state
	Draining bool   // out of rotation, and its last requests may still run
}

// Leaving is the state of a server that is in the drain list only: it stepped
// aside, or another release took over.
const Leaving State = "leaving"

// keyState is a list and the state of a server in it.
type keyState struct {
	key   string
	state State
}

// Places returns every element of a pool's lists: servers by port, then what is
// not a server.
func (l Lists) Places(pool string) []Place {
	states, drain, site := l.pool(pool)
	var places []Place
	known := make(map[string]bool)
	for _, entry := range append(slices.Clone(states), keyState{drain, Leaving}) {
		for _, element := range l.elements[entry.key] {
			if known[element] {
				continue
			}
			known[element] = true
			server, _ := site.Parse(element)
			places = append(places, Place{element, server.Port, entry.state, entry.key, slices.Contains(l.elements[drain], element)})
		}
	}
	slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(a.order(), b.order()) })
	return places
}

func (p Place) order() int {
	if p.Port == 0 {
		return maxPort + 1
	}
	return p.Port
}

// ListOf returns the name of the list that gives a web server that state.
func ListOf(state State) string {
	for _, entry := range append(slices.Clone(stateKeys), keyState{drainKey, Leaving}) {
		if entry.state == state {
			return entry.key
		}
	}
	return ""
}

// pool returns the lists of a pool with their states, its drain list, and the
// site with the ports that its servers may have: an app may have any.
func (l Lists) pool(name string) (states []keyState, drain string, site Site) {
	if name == web {
		return stateKeys, drainKey, l.site
	}
	keys := rotations[name]
	return []keyState{{keys.failed, Failing}, {keys.servers, Running}}, keys.drain, Site{Host: l.site.Host, First: 1}
}
