package fleet_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
)

// An arrow is one event: where the server is before it, and what moves it.
type arrow struct {
	pool   string
	before map[string][]any
	move   func(ctx context.Context, l lists, server fleet.Server) error
}

// in3001 is the first server in rotation and 3001 in a list.
func in3001(key string) map[string][]any {
	before := map[string][]any{"servers": {url(3000)}}
	before[key] = append(before[key], url(3001))
	return before
}

// ok takes what a method reports besides its error, which must be that it moved
// the server.
func ok(moved bool, err error) error {
	if err == nil && !moved {
		err = errors.New("it did not move")
	}
	return err
}

func rotation(l lists, service string) *fleet.Rotation {
	r, _ := l.Rotation(service)
	return r
}

var errAway = errors.New("connection refused")

// arrows has each event that Command knows.
var arrows = map[fleet.What]arrow{
	fleet.Wanted: {"web", map[string][]any{"servers": {url(3000)}}, func(ctx context.Context, l lists, _ fleet.Server) error {
		_, err := l.RequestSpawn(ctx, 20)
		return err
	}},
	fleet.Starting: {"web", in3001("tempServers"), func(ctx context.Context, l lists, server fleet.Server) error {
		_, err := l.ClaimSpawn(ctx, time.Second)
		return errors.Join(err, l.StartSpawn(ctx, server))
	}},
	fleet.Serving: {"web", in3001("spawningServers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.Join(ctx, server, 0)
	}},
	fleet.Adopted: {"web", map[string][]any{"servers": {url(3000)}}, func(ctx context.Context, l lists, server fleet.Server) error {
		return ok(l.Adopt(ctx, server))
	}},
	fleet.Switched: {"blue", nil, func(ctx context.Context, l lists, server fleet.Server) error {
		return rotation(l, "blue").Switch(ctx, server)
	}},
	fleet.Fails: {"green", map[string][]any{"greenServers": {url(3001)}}, func(ctx context.Context, l lists, server fleet.Server) error {
		return l.MarkApp(ctx, "green", server, "it takes no requests")
	}},
	fleet.Recovered: {"green", map[string][]any{"greenServers": {url(3001)}, "failedGreenServers": {url(3001)}},
		func(ctx context.Context, l lists, server fleet.Server) error {
			return l.MarkApp(ctx, "green", server, "")
		}},
	fleet.Renewing: {"web", in3001("servers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return ok(l.Renew(ctx, server))
	}},
	fleet.SteppedAside: {"web", in3001("servers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return ok(l.StepAside(ctx, server))
	}},
	fleet.Away: {"web", in3001("servers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.Leave(ctx, server, errAway)
	}},
	fleet.Lost: {"web", in3001("servers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return ok(l.Respawn(ctx, server, errAway))
	}},
	fleet.Unwanted: {"web", in3001("servers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.RequestDestroyOf(ctx, server)
	}},
	fleet.Draining: {"web", in3001("servers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.BeginDrain(ctx, server)
	}},
	fleet.Drained: {"blue", map[string][]any{"drainBlueServers": {url(3001)}}, func(ctx context.Context, l lists, server fleet.Server) error {
		return rotation(l, "blue").Drained(ctx, server)
	}},
	fleet.Gone: {"web", in3001("destroyingServers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.Forget(ctx, server, 0)
	}},
	fleet.GivenUp: {"web", in3001("spawningServers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.Fail(ctx, server, errAway)
	}},
	fleet.SetAside: {"web", map[string][]any{"tempServers": {"garbage"}}, func(ctx context.Context, l lists, _ fleet.Server) error {
		all, err := l.Lists(ctx)
		for _, bad := range all.Invalid() {
			err = errors.Join(err, l.SetAside(ctx, bad))
		}
		// The command does not know in which list it was.
		return errors.Join(err, l.CLI.RPush(ctx, "tempServers", "garbage").Err())
	}},
	fleet.Dropped: {"web", in3001("tempServers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.DropWishes(ctx, server)
	}},
	fleet.Forgotten: {"web", in3001("failedServers"), func(ctx context.Context, l lists, server fleet.Server) error {
		return l.ForgetFailed(ctx, server.URL)
	}},
}

// everyList returns what is in Redis without the journal.
func (l lists) everyList() map[string]string {
	l.t.Helper()
	all := make(map[string]string)
	for _, key := range l.CLI.Keys(l.t.Context(), "*Servers*").Val() {
		all[key] = strings.Join(l.CLI.LRange(l.t.Context(), key, 0, -1).Val(), " ")
	}
	all["servers"] = strings.Join(l.CLI.LRange(l.t.Context(), "servers", 0, -1).Val(), " ")
	return all
}

// refill makes the lists what they are before an arrow.
func (l lists) refill(before map[string][]any) {
	l.t.Helper()
	l.CLI.FlushAll(l.t.Context())
	for key, elements := range before {
		l.Put(key, elements...)
	}
}

func TestCommand_DoesToTheListsWhatItsEventDid(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	for what := range fleet.Commands {
		test, known := arrows[what]
		if !known {
			t.Errorf("%s: no arrow here says what it does", what)
			continue
		}
		l.refill(test.before)
		if err := test.move(ctx, l, site.Server(3001)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		moved := l.everyList()
		events, err := l.events(1)
		if err != nil || len(events) != 1 || events[0].What != what {
			t.Errorf("%s: got the event %+v, %v", what, events, err)
			continue
		}
		l.refill(test.before)
		typed := fleet.Command(what, test.pool, events[0].Server)
		for command := range strings.SplitSeq(typed, "; ") {
			var words []any
			for word := range strings.FieldsSeq(command) {
				words = append(words, word)
			}
			if err := l.CLI.Do(ctx, words...).Err(); err != nil {
				t.Errorf("%s: %s: %v", what, command, err)
			}
		}
		if got := l.everyList(); !maps.Equal(got, moved) {
			t.Errorf("%s: %s makes %v, and the event made %v", what, typed, got, moved)
		}
	}
}
