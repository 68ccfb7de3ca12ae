package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// State is the list that a server is in.
type State string

// The states of a server, in the order of its life.
const (
	Queued     State = "queued"     // in tempServers
	Spawning   State = "spawning"   // in spawningServers
	Running    State = "running"    // in servers
	Deleting   State = "deleting"   // in servers and deleteServers
	Destroying State = "destroying" // in destroyingServers
	Failed     State = "failed"     // in failedServers
)

// stateKeys maps lists to states. When a server is in several, the first one
// here counts.
var stateKeys = []keyState{
	{destroyingKey, Destroying},
	{deleteKey, Deleting},
	{serversKey, Running},
	{spawningKey, Spawning},
	{tempKey, Queued},
	{failedKey, Failed},
}

// Lists is what all lists of the fleet held at one moment.
type Lists struct {
	site     Site
	elements map[string][]string
}

// reads are lists that are being read, by key.
type reads map[string]*redis.StringSliceCmd

// add reads the first n elements of a list, or all if n is 0.
func (r reads) add(ctx context.Context, tx redis.Pipeliner, key string, n int) {
	r[key] = tx.LRange(ctx, key, 0, int64(n)-1)
}

// readLists reads every list that names servers.
func readLists(ctx context.Context, tx redis.Pipeliner) reads {
	all := make(reads)
	for _, key := range slices.Concat(fleetKeys, appKeys) {
		all.add(ctx, tx, key, 0)
	}
	return all
}

// lists returns the lists that were read.
func (r reads) lists(site Site) Lists {
	lists := Lists{site: site, elements: make(map[string][]string)}
	for _, key := range slices.Concat(fleetKeys, appKeys) {
		lists.elements[key] = r[key].Val()
	}
	return lists
}

// atOnce has Redis execute reads with nothing in between, in one MULTI. A full
// Redis refuses any MULTI, because it must remember what is in it: then the reads
// are sent together, and what moves meanwhile may be missed. Scripts decide.
func (f *Fleet) atOnce(ctx context.Context, read func(redis.Pipeliner) error) error {
	_, err := f.client.TxPipelined(ctx, read)
	if errors.Is(err, ErrOutOfMemory) {
		_, err = f.client.Pipelined(ctx, read)
	}
	return err
}

// Lists reads all lists of the fleet, and those of the two apps, at once.
func (f *Fleet) Lists(ctx context.Context) (Lists, error) {
	var all reads
	err := f.atOnce(ctx, func(tx redis.Pipeliner) error {
		all = readLists(ctx, tx)
		return nil
	})
	if err != nil {
		return Lists{}, fmt.Errorf("reading the lists: %w", err)
	}
	return all.lists(f.Site), nil
}

// ServerState is a server and the state it is in.
type ServerState struct {
	Server
	State State
}

// Servers returns every server that any list names, by port, with its state.
// A server that only drains is left out.
func (l Lists) Servers() []ServerState {
	states := make(map[int]ServerState)
	for _, entry := range stateKeys {
		for _, server := range l.valid(entry.key) {
			if _, known := states[server.Port]; !known {
				states[server.Port] = ServerState{server, entry.state}
			}
		}
	}
	all := make([]ServerState, 0, len(states))
	for _, server := range states {
		all = append(all, server)
	}
	slices.SortFunc(all, func(a, b ServerState) int { return a.Port - b.Port })
	return all
}

// Listed returns the servers in rotation.
func (l Lists) Listed() []Server { return l.valid(serversKey) }

// Spawning returns the servers that are being built and started.
func (l Lists) Spawning() []Server { return l.valid(spawningKey) }

// Destroying returns the servers that are being drained and removed.
func (l Lists) Destroying() []Server { return l.valid(destroyingKey) }

// Draining returns the servers out of rotation whose last requests may still
// run.
func (l Lists) Draining() []Server { return l.valid(drainKey) }

// Knows reports whether any list of the fleet names the server.
func (l Lists) Knows(server Server) bool {
	for _, key := range fleetKeys {
		if slices.Contains(l.elements[key], server.URL) {
			return true
		}
	}
	return false
}

// Misplaced is an element that its list must not hold.
type Misplaced struct {
	list string
	*InvalidError
}

// List returns the name of the list that holds the element.
func (m Misplaced) List() string { return m.list }

// Invalid returns the elements of all lists except failedServers that are not
// server URLs.
func (l Lists) Invalid() []Misplaced {
	var all []Misplaced
	for _, key := range fleetKeys {
		if key == failedKey {
			continue
		}
		for _, element := range l.elements[key] {
			_, err := l.site.Parse(element)
			if invalid := new(InvalidError); errors.As(err, &invalid) {
				all = append(all, Misplaced{list: key, InvalidError: invalid})
			}
		}
	}
	return all
}

// valid returns the elements of a list that are servers, each once.
func (l Lists) valid(key string) []Server {
	var servers []Server
	for _, element := range l.elements[key] {
		server, err := l.site.Parse(element)
		if err == nil && !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
	}
	return servers
}
