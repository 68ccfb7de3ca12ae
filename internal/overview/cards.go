package overview

import (
	"slices"
	"strconv"
	"strings"

	"deux/internal/fleet"
)

// ways gives for each state the column that shows it, and the events that lead
// to it.
var ways = map[fleet.State]struct {
	column Column
	events []fleet.What
}{
	fleet.Queued:     {Wanted, []fleet.What{fleet.Wanted}},
	fleet.Spawning:   {Starting, []fleet.What{fleet.Starting, fleet.Renewing, fleet.Lost}},
	fleet.Running:    {Serving, []fleet.What{fleet.Serving, fleet.Adopted, fleet.Switched, fleet.Recovered}},
	fleet.Failing:    {Serving, []fleet.What{fleet.Fails}},
	fleet.Deleting:   {Serving, []fleet.What{fleet.Unwanted}},
	fleet.Leaving:    {Draining, []fleet.What{fleet.Draining, fleet.SteppedAside}},
	fleet.Destroying: {Leaving, []fleet.What{fleet.Drained, fleet.Draining, fleet.Unwanted}},
	fleet.Failed:     {Failed, []fleet.What{fleet.GivenUp, fleet.SetAside}},
}

// card returns what is known about one element.
func (l look) card(pool string, place fleet.Place) Card {
	way := ways[place.State]
	card := Card{Place: place, Pool: pool, Column: way.column}
	if place.State == fleet.Destroying && place.Draining {
		card.Column = Draining
	}
	for _, event := range l.events {
		if event.Server == place.Element && event.Pool == pool && slices.Contains(way.events, event.What) {
			card.Since, card.Why = event.At, event.Why
			break
		}
	}
	card.IsFirst = pool == "web" && place.Element == l.first.URL
	card.Usage = l.usage(card)
	return card
}

// usage finds the server's container by its name.
func (l look) usage(card Card) *fleet.Container {
	for name, container := range l.vitals.Containers {
		if l.isOf(card, name, container) {
			return &container
		}
	}
	return nil
}

// isOf reports whether a container is the server's. A release that was just
// switched to is still named after its port.
func (l look) isOf(card Card, name string, container fleet.Container) bool {
	switch {
	case card.IsFirst:
		return container.Service == fleet.FirstService
	case card.Pool == "web":
		return card.Port != 0 && name == fleet.Server{Port: card.Port}.Container()
	case strings.HasSuffix(name, card.Pool+"-app-"+strconv.Itoa(card.Port)):
		return true
	default:
		return card.Column == Serving && strings.HasSuffix(name, card.Pool+"-app")
	}
}
