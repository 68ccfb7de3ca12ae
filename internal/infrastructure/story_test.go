package infrastructure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"deux/internal/fleet"
)

// story is the journal, oldest first.
func (s *scene) story() string {
	elements := s.cli.LRange(context.Background(), "events", 0, -1).Val()
	slices.Reverse(elements)
	return strings.Join(elements, "\n")
}

// follows says what may have been told last of a server before an event. What
// a poller died at is begun once more by the next.
var follows = map[fleet.What][]fleet.What{
	fleet.Wanted:   {fleet.Gone, fleet.GivenUp},
	fleet.Starting: {fleet.Wanted, fleet.Lost, fleet.Renewing, fleet.Drained, fleet.Starting},
	fleet.Serving:  {fleet.Starting, fleet.Drained},
	fleet.Renewing: {fleet.Serving, fleet.Adopted},
	fleet.Lost:     {fleet.Serving, fleet.Adopted},
	fleet.Unwanted: {fleet.Serving, fleet.Adopted},
	fleet.Draining: {fleet.Unwanted, fleet.Draining, fleet.Drained},
	fleet.Drained:  {fleet.Draining, fleet.Renewing, fleet.Starting},
	fleet.Gone:     {fleet.Draining, fleet.Drained},
	fleet.GivenUp:  {fleet.Starting, fleet.Draining, fleet.Drained},
	fleet.SetAside: {fleet.SetAside},
	fleet.Adopted:  {fleet.Away},
	fleet.Away:     {fleet.Adopted},
}

// contradiction returns what in the journal a reader would stumble over: an
// event that cannot come after the one before, or a last one that is not what
// has become of the server.
func (s *scene) contradiction(want outcome) error {
	last := make(map[string]fleet.What)
	for line := range strings.Lines(s.story()) {
		var event fleet.Event
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.What == "" || event.By == "" && event.What != fleet.Wanted && event.What != fleet.Unwanted && event.What != fleet.Drained {
			return fmt.Errorf("event %s: %v", line, err)
		}
		if told, before := last[event.Server]; before && !slices.Contains(follows[event.What], told) {
			return fmt.Errorf("%s is %q after it was %q; events:\n%s", event.Server, event.What, told, s.story())
		}
		last[event.Server] = event.What
	}
	for server, what := range last {
		if !slices.Contains(s.may(want, server), what) {
			return fmt.Errorf("%s was last told to be %q; events:\n%s", server, what, s.story())
		}
	}
	return nil
}

// may returns what may be told last of an element.
func (s *scene) may(want outcome, element string) []fleet.What {
	server, err := site.Parse(element)
	switch {
	case err != nil:
		return []fleet.What{fleet.SetAside}
	case slices.Contains(want.failed, element):
		return []fleet.What{fleet.GivenUp}
	case server.Port == site.First:
		return []fleet.What{fleet.Adopted, fleet.Dropped}
	case slices.Contains(want.servers, server.Port):
		return []fleet.What{fleet.Serving, fleet.Adopted}
	}
	return []fleet.What{fleet.Gone}
}
