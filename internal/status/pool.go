package status

import (
	"fmt"
	"strconv"
	"strings"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// pool writes the release and the push of a colour, and the servers of a pool.
func (p *page) pool(pool overview.Pool) {
	fmt.Fprintf(p, "\n%s\n", pool.Name)
	if pool.Release != nil {
		p.release(*pool.Release)
	}
	if pool.Held != "" {
		p.sentence("  ", "the branch holds "+overview.Short(pool.Held)+": bin/deploy forward "+pool.Name+" runs that")
	}
	if pool.Push != nil && (!pool.Push.IsOver() || pool.Push.Failed()) {
		p.push(pool.Push)
	}
	for _, column := range columns {
		for _, card := range pool.In(column) {
			p.card(card)
		}
	}
	if len(pool.Cards) == 0 {
		p.sentence("  ", nothing(pool))
	}
}

// columns is the columns in the order of a server's life.
var columns = []overview.Column{overview.Wanted, overview.Starting, overview.Serving, overview.Draining, overview.Leaving, overview.Failed}

// nothing says why a pool has no servers.
func nothing(pool overview.Pool) string {
	switch {
	case pool.Name == fleet.Pools[0]:
		return "no server is listed"
	case pool.Release != nil:
		return "it is not listed: bin/deploy restore " + pool.Name + " brings it back"
	case pool.Push != nil || pool.Held != "":
		return "nothing is deployed yet"
	}
	return "nothing is deployed yet: git push " + pool.Name + " main"
}

func (p *page) release(release fleet.Release) {
	what := fmt.Sprintf("release %s: %s by %s", named(release.Revision, release.Subject), release.What, release.By)
	p.sentence("  ", joined(what, p.since(release.At)))
}

// push writes a push that is under way, or why it failed.
func (p *page) push(push *overview.Push) {
	what := fmt.Sprintf("%s of %s by %s", push.What, named(push.Revision, push.Subject), push.By)
	if push.Failed() {
		p.sentence("  ", fmt.Sprintf("last %s failed %s ago%s", what, p.age(push.At), reason(push.Why)))
		return
	}
	p.sentence("  ", fmt.Sprintf("%s is under way %s, at the step %s", what, p.since(push.Push), push.Now()))
}

// card writes a server, or an element of a list that is not one.
func (p *page) card(card overview.Card) {
	name := strconv.Itoa(card.Port)
	if card.Port == 0 {
		name = strconv.Quote(card.Element)
	}
	facts := []string{p.since(card.Since)}
	if card.IsFirst {
		facts = append(facts, "the first server")
	}
	first := fmt.Sprintf("  %-15s %-6s ", card.Label(), name)
	p.wrapped(first, strings.Repeat(" ", runes(first)), joined(facts...)+reason(card.Why))
}
