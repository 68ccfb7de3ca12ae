package webapp

import (
	"fmt"
	"hash/fnv"
	"html/template"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// fragment is a part of the dashboard that changes by itself. A page is built
// from fragments, and the stream carries those that have changed since, so that
// both always look the same.
type fragment struct {
	ID    string        `json:"id"`              // of its element
	In    string        `json:"in,omitempty"`    // id of the list that holds it; empty if it has a fixed place
	Order int64         `json:"order,omitempty"` // in that list, ascending
	HTML  template.HTML `json:"html"`
	text  string        // of an event: what a person reads there, in lower case
}

// says reports whether a person reads all these words there, as page.js does.
func (f fragment) says(words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(f.text, word) })
}

// painter turns an overview into fragments. It is for one goroutine at a time.
type painter struct {
	log       *slog.Logger
	templates *template.Template
	site      fleet.Site
	most      int // servers
	canChange bool
	events    map[fleet.Event]fragment // as painted before, on that day
	day       string
}

func newPainter(config Config, log *slog.Logger) *painter {
	return &painter{
		log:       log,
		templates: parseFragments(),
		site:      config.Site,
		most:      config.MaxServers,
		canChange: !config.ReadOnly,
	}
}

// paint returns all fragments, in each list by their order. An overview is stale
// if it could not be read again.
func (p *painter) paint(o overview.Overview, isStale bool) []fragment {
	all := []fragment{p.one("verdict", "verdict", verdictView{o, isStale})}
	for _, pool := range o.Pools {
		all = append(all, p.one("numbers-"+pool.Name, "numbers", poolView{pool, p.most}))
		for _, card := range pool.Cards {
			all = append(all, p.card(card))
		}
		all = append(all, p.rest(pool)...)
	}
	for _, of := range []string{"machine", "recent", "pictures"} {
		all = append(all, p.one(of, of, &o))
	}
	return append(all, p.paintEvents(o.Events)...)
}

// rest returns the fragments that not every pool has.
func (p *painter) rest(pool overview.Pool) []fragment {
	switch {
	case pool.Name != "web":
		return []fragment{p.one("push-"+pool.Name, "push", pool), p.one("release-"+pool.Name, "release", poolView{pool, p.most})}
	case p.canChange:
		return []fragment{p.one("wishes", "wishes", p.wishes(pool))}
	}
	return nil
}

func (p *painter) one(id, name string, data any) fragment {
	return fragment{ID: id, HTML: p.execute(name, data)}
}

// execute returns nothing for a part that cannot be painted, so that the rest of
// the page can.
func (p *painter) execute(name string, data any) template.HTML {
	var text strings.Builder
	if err := p.templates.ExecuteTemplate(&text, name, data); err != nil {
		p.log.Error("Painting failed", "part", name, "error", err)
		return ""
	}
	return template.HTML(text.String())
}

func (p *painter) card(card overview.Card) fragment {
	id := card.Pool + strconv.Itoa(card.Port)
	if card.Port == 0 {
		id = card.Pool + hashOf(card.Element)
	}
	view := cardView{Card: card, ID: id, CanChange: p.canChange}
	return fragment{ID: id, In: card.Pool + "-" + string(card.Column), Order: int64(card.Port), HTML: p.execute("card", view)}
}

// paintEvents paints only new events: usually one of 500.
func (p *painter) paintEvents(events []fleet.Event) []fragment {
	if today := dayOf(time.Now()); today != p.day {
		p.day, p.events = today, nil // an event of yesterday now has its date
	}
	painted := make(map[fleet.Event]fragment, len(events))
	all := make([]fragment, 0, len(events))
	for _, event := range events {
		if _, twice := painted[event]; twice {
			continue
		}
		one, known := p.events[event]
		if !known {
			one = p.event(event)
		}
		painted[event] = one
		all = append(all, one)
	}
	p.events = painted
	return all
}

func (p *painter) event(event fleet.Event) fragment {
	id := "e" + hashOf(fmt.Sprint(event))
	order := -event.At.UnixMilli()
	view := eventView{event, id, order, p.site}
	return fragment{ID: id, In: "events", Order: order, HTML: p.execute("event", view), text: strings.ToLower(view.Text())}
}

// hashOf turns any text into an id, the same in every server.
func hashOf(text string) string {
	hash := fnv.New64a()
	hash.Write([]byte(text))
	return strconv.FormatUint(hash.Sum64(), 36)
}
