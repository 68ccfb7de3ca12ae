package fleet

import "strings"

// commands maps each event to what it did to the lists, as typed into
// redis-cli. A name in braces is a list of the event's pool. For SetAside it is
// half of it: only the event's reason names the list that held the element.
var commands = map[What]string{
	Wanted:       "LPUSH {temp} URL",
	Starting:     "LMOVE {temp} {spawning} RIGHT LEFT",
	Serving:      "LREM {spawning} 0 URL; RPUSH {servers} URL",
	Adopted:      "RPUSH {servers} URL",
	Switched:     "RPUSH {servers} URL",
	Fails:        "RPUSH {failed} URL",
	Recovered:    "LREM {failed} 0 URL",
	Renewing:     "LREM {servers} 0 URL; LPUSH {drain} URL; LPUSH {spawning} URL",
	SteppedAside: "LREM {servers} 0 URL; LPUSH {drain} URL",
	Away:         "LREM {servers} 0 URL",
	Lost:         "LREM {servers} 0 URL; LPUSH {spawning} URL",
	Unwanted:     "LPUSH {delete} URL",
	Draining:     "LREM {servers} 0 URL; LPUSH {drain} URL",
	Drained:      "LREM {drain} 0 URL",
	Gone:         "LREM {destroying} 0 URL",
	GivenUp:      "LREM {spawning} 0 URL; RPUSH {failed} URL",
	SetAside:     "RPUSH {failed} URL",
	Dropped:      "LREM {temp} 0 URL",
	Forgotten:    "LREM {failed} 0 URL",
}

// Command returns the list commands that an event about an element stands for,
// or "" if there is no such event or pool.
func Command(what What, pool, element string) string {
	for _, keys := range rotations {
		if keys.pool == pool {
			return strings.NewReplacer(
				"{temp}", tempKey, "{spawning}", spawningKey, "{delete}", deleteKey, "{destroying}", destroyingKey,
				"{servers}", keys.servers, "{drain}", keys.drain, "{failed}", keys.failed, "URL", element,
			).Replace(commands[what])
		}
	}
	return ""
}
