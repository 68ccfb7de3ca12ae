// Package overview turns what the lists hold into what a person wants to know:
// where each server is and how it does, what happened, and in one sentence
// whether all is well and what to do if not. The page and bin/deux status show
// the same, because both have it from here.
//
// It only reads. A Reader looks at the lists again and again and reads of the
// journals what is new; everything else is computed from what it has read.
package overview

import (
	"time"

	"deux/internal/fleet"
)

// Overview is the whole system at one moment.
type Overview struct {
	At       time.Time
	Verdict  Problem   // the worst of Problems, or that all is well
	Problems []Problem // the worst first; none when all is well
	Pools    []Pool    // web, blue, green
	Services []Service // that Compose runs
	Seen     time.Time // when somebody looked at them; zero if nobody did
	Machine  Machine
	Events   []fleet.Event // newest first
	Recent   []string      // the URLs visited last, newest first
	Pictures int64         // that wait to be seen
}

// Pool is the servers of one app.
type Pool struct {
	Name    string
	Cards   []Card // by port
	Traffic Traffic
	Release *fleet.Release  // what has the requests; nil for web and before the first push
	Earlier []fleet.Release // the releases before it, newest first
	Push    *Push           // the last one; nil if there was none
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

// Column is how far a server has come on its way. It is the list that the
// server's URL is in, in a word.
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
	Since   time.Time // when it came into its state; zero if no event tells
	Why     string    // it is in it, if an event tells
	IsFirst bool      // the server that is never destroyed
	Traffic Traffic
	Usage   *fleet.Container // nil if unknown
}

// CanGo reports whether the server can be destroyed.
func (c Card) CanGo() bool { return c.Pool == "web" && c.State == fleet.Running && !c.IsFirst }

// labels says in words what a card's column does not say.
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

// IsSpecial reports whether the state is more than what the column says.
func (c Card) IsSpecial() bool { return labels[c.State] != "" }

// Service is a program that Compose runs.
type Service struct {
	Name  string
	State string // of its container: its health if it has a check and runs; away if there is none
	Why   string // it is not well; empty if it is
}

// Machine is what the machine has left.
type Machine struct {
	fleet.Machine
	At time.Time // when that was so; zero if nobody told
}
