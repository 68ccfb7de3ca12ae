package webapp

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// verdictView is the data of the sentence at the top.
type verdictView struct {
	overview.Overview
	IsStale bool
}

// Others returns the problems besides the one that the sentence is about.
func (v verdictView) Others() []overview.Problem {
	return v.Problems[min(1, len(v.Problems)):]
}

// poolView is the data of a pool's numbers.
type poolView struct {
	overview.Pool
	Most int
}

// Serving is how many servers are in rotation.
func (v poolView) Serving() int { return len(v.In(overview.Serving)) }

// wishesView is the data of the web pool's buttons.
type wishesView struct {
	IsFull, CanDestroy           bool
	Most                         int
	SpawnCommand, DestroyCommand string
}

func (p *painter) wishes(web overview.Pool) wishesView {
	highest, occupied, canDestroy := p.site.First, 0, false
	for _, card := range web.Cards {
		highest = max(highest, card.Port)
		if card.Column != overview.Failed && card.State != fleet.Leaving {
			occupied++
		}
		canDestroy = canDestroy || card.CanGo()
	}
	return wishesView{
		IsFull: occupied >= p.most, CanDestroy: canDestroy, Most: p.most,
		SpawnCommand:   fleet.Command(fleet.Wanted, "web", p.site.Server(highest+1).URL),
		DestroyCommand: fleet.Command(fleet.Unwanted, "web", "URL"),
	}
}

// cardView is the data of a card.
type cardView struct {
	overview.Card
	ID        string
	CanChange bool
}

// Order is the card's place in its column.
func (v cardView) Order() int { return v.Port }

// HasTraffic reports whether there is traffic to count: the server serves, or did
// a moment ago.
func (v cardView) HasTraffic() bool {
	return v.Column == overview.Serving || v.Column == overview.Draining
}

// CanGo reports whether the reader of the page may destroy the server.
func (v cardView) CanGo() bool { return v.CanChange && v.Card.CanGo() }

// CanRetry reports whether the reader of the page may retry or forget the server.
func (v cardView) CanRetry() bool { return v.CanChange && v.Column == overview.Failed }

// IsMeasured reports whether it is known what the server's container uses.
func (v cardView) IsMeasured() bool { return v.Usage != nil && v.Usage.Limit > 0 }

// High is the memory use above which a container looks bad.
func (v cardView) High() int64 { return v.Usage.Limit / 10 * 9 }

// DestroyCommand is the list command that the button stands for.
func (v cardView) DestroyCommand() string { return fleet.Command(fleet.Unwanted, v.Pool, v.Element) }

// RetryCommand is the list commands that the button stands for.
func (v cardView) RetryCommand() string {
	return v.ForgetCommand() + "; " + fleet.Command(fleet.Wanted, v.Pool, v.Element)
}

// ForgetCommand is the list command that the button stands for.
func (v cardView) ForgetCommand() string { return fleet.Command(fleet.Forgotten, v.Pool, v.Element) }

// eventView is the data of an event.
type eventView struct {
	fleet.Event
	ID    string
	Order int64
	site  fleet.Site
}

// Name is the server's port, or the element if it is not a server.
func (v eventView) Name() string {
	if address, is := strings.CutPrefix(v.Server, "http://"+v.site.Host+":"); is {
		return address
	}
	return v.Server
}

// Class is the event's colour.
func (v eventView) Class() string {
	switch v.What {
	case fleet.Serving, fleet.Adopted, fleet.Switched, fleet.Recovered:
		return "well"
	case fleet.Fails, fleet.Lost, fleet.GivenUp, fleet.SetAside, fleet.Away:
		return "bad"
	case fleet.Wanted, fleet.Starting, fleet.Renewing:
		return "busy"
	}
	return "gone"
}

// Took is how long it took, if that is known.
func (v eventView) Took() string {
	if v.Ms == 0 {
		return ""
	}
	return millis(max(float64(v.Ms), 1))
}

// Text is all that a person reads of the event.
func (v eventView) Text() string {
	return strings.Join([]string{clock(v.At), string(v.What), v.Pool, v.Name(), v.Took(), v.By, v.Why, v.Command()}, " ")
}

// Command is the list command that the event stands for.
func (v eventView) Command() string { return fleet.Command(v.What, v.Pool, v.Server) }

// words are the functions with which templates write numbers and times.
var words = template.FuncMap{
	"iso":    func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") },
	"clock":  clock,
	"short":  overview.Short,
	"bytes":  overview.Bytes,
	"tenth":  func(n int64) int64 { return n / 10 },
	"number": number,
	"noun":   noun,
	"millis": millis,
	"took":   func(ms int64) string { return millis(max(float64(ms), 1)) },
	"area":   area,
}

// clock writes a time, with its day unless that is today.
func clock(at time.Time) string {
	if at = at.UTC(); dayOf(at) == dayOf(time.Now()) {
		return at.Format(time.TimeOnly) + " UTC"
	}
	return at.Format(time.DateTime) + " UTC"
}

func dayOf(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// number writes a number with as many digits as matter.
func number(n float64) string {
	if n < 10 && n != math.Trunc(n) {
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

// noun returns a noun as it follows a number.
func noun(n int, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}

// millis writes a duration given in milliseconds.
func millis(ms float64) string {
	switch {
	case ms == 0:
		return "–"
	case ms < 1000:
		return number(ms) + " ms"
	default:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
}

// area is the path of a chart, 60 wide and 16 high, whose highest bar fills it.
func area(t overview.Traffic) string {
	peak := max(1, t.Peak())
	var path strings.Builder
	path.WriteString("M0 16")
	for i, bar := range t.Chart {
		fmt.Fprintf(&path, "V%.3gH%d", 16-15.5*float64(bar)/float64(peak), i+1)
	}
	path.WriteString("V16Z")
	return path.String()
}
