// Package overview turns what the lists hold into what a person wants to know:
// where each server is and how it is doing, what happened, and in one sentence
// whether all is well and what to do if not. The page and bin/deux status show
// the same, because both get it here.
//
// It only reads. A Reader looks at the lists again and again, and reads only what
// is new in the journals; everything else is computed from what it has read.
package overview

import (
	"time"

	"deux/internal/fleet"
)

// Overview is the whole system at one moment.
type Overview struct {
	At       time.Time
	Verdict  Problem   // the worst of Problems, or that all is well
	Problems []Problem // the worst first; empty when all is well
	Pools    []Pool    // web, blue, green
	Services []Service // that Compose runs
	Seen     time.Time // when the services were last looked at; zero if never
	Machine  Machine
	Events   []fleet.Event // newest first
	Recent   []string      // the URLs visited last, newest first
	Pictures int64         // waiting to be seen
	Memory   fleet.Memory  // of Redis
	isAway   bool          // whether the lists could not be read: then it is what was seen last
}

// Pool is the servers of one app.
type Pool struct {
	Name    string
	Cards   []Card // by port
	Traffic Traffic
	Release *fleet.Release  // the one that has the requests; nil for web and before the first push
	Earlier []fleet.Release // the kept releases built before it, newest first
	Newer   []fleet.Release // those built after it
	Held    string          // the revision that the branch holds, if that is not what runs: a push of it would reach no hook
	Push    *Push           // the last push; nil if there was none
}

// In returns the cards in a column, by port.
func (p Pool) In(column Column) (cards []Card) {
	for _, card := range p.Cards {
		if card.Column == column {
			cards = append(cards, card)
		}
	}
	return cards
}

// Column is how far a server has got: a word for the list that holds its URL.
type Column string

// The columns, in the order of a server's life.
const (
	Wanted   Column = "wanted"
	Starting Column = "starting"
	Serving  Column = "serving"
	Draining Column = "draining"
	Leaving  Column = "leaving"
	Failed   Column = "failed"
)

// Card is one element of a pool's lists: a server, or garbage.
type Card struct {
	fleet.Place
	Pool    string
	Column  Column
	Since   time.Time // when it entered its state; zero if no event says
	Why     string    // why it is in its state, if an event says
	IsFirst bool      // the server that is never destroyed
	Traffic Traffic
	Usage   *fleet.Container // nil if unknown
}

// CanGo reports whether the server can be destroyed.
func (c Card) CanGo() bool { return c.Pool == "web" && c.State == fleet.Running && !c.IsFirst }

// labels has words for states that a card's column does not show.
var labels = map[fleet.State]string{
	fleet.Deleting: "chosen to go",
	fleet.Failing:  "failing",
	fleet.Leaving:  "out of rotation",
}

// Label is the card's state in words.
func (c Card) Label() string {
	if label, special := labels[c.State]; special {
		return label
	}
	return string(c.Column)
}

// IsSpecial reports whether the state says more than the column.
func (c Card) IsSpecial() bool { return labels[c.State] != "" }

// Service is a program that Compose runs.
type Service struct {
	Name  string
	State string // its container's health if it runs and has a check, else its state; away without a container
	Why   string // what is wrong with it; empty if nothing is
}

// Machine is the machine's free memory and disk.
type Machine struct {
	fleet.Machine
	At time.Time // when it was measured; zero if never
}
