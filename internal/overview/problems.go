package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"deux/internal/fleet"
)

// Level says how bad a problem is.
type Level int

// The levels, from good to bad.
const (
	Well Level = iota // nothing is wrong
	Busy              // something is under way
	Warn              // somebody should look
	Bad               // something does not work
)

// String returns the level in a word.
func (l Level) String() string { return [...]string{"well", "busy", "warning", "bad"}[l] }

// Problem is something that is wrong, or the statement that nothing is.
type Problem struct {
	Level Level
	What  string // a sentence
	Do    string // the command that helps, if there is one
}

// beatTimeout is the age of the newest vitals from which infrastructure, which
// writes them every 5 s, counts as not running.
const beatTimeout = 16 * time.Second

// services are the programs that Compose runs, with what does not work without
// each.
var services = []struct{ name, without string }{
	{"redis", "nothing is remembered"},
	{"proxy", "nobody reaches the web servers"},
	{fleet.FirstService, "the first server is away"},
	{"blue", "nobody reaches the app blue"},
	{"green", "nobody reaches the app green"},
	{"registry", "no push can be deployed"},
	{"writer", "the stream stands still"},
	{"reader", "nobody reads the stream"},
}

// problems returns what is wrong, the worst first.
func (o *Overview) problems() []Problem {
	all := slices.Concat(o.ofInfrastructure(), o.ofRedis(), o.ofServices(), o.ofWeb(), o.ofColours(), o.ofMachine(), o.ofRenewal(), o.underWay())
	slices.SortStableFunc(all, func(a, b Problem) int { return cmp.Compare(b.Level, a.Level) })
	return all
}

// Beats reports whether infrastructure runs, judging by the lists.
func (o *Overview) Beats() bool { return o.isRecent(o.Machine.At) }

func (o *Overview) isRecent(at time.Time) bool { return o.At.Sub(at) < beatTimeout }

func (o *Overview) ofInfrastructure() []Problem {
	if o.Beats() {
		return nil
	}
	waiting := len(o.web().In(Wanted)) + len(o.web().In(Starting))
	what := "infrastructure does not run: no spawns, no destroys, no repairs."
	if waiting > 0 {
		what = fmt.Sprintf("infrastructure does not run: %s and will not start.", count(waiting, "server is queued", "servers are queued"))
	}
	return []Problem{{Bad, what, "make up"}}
}

// makeRoom is what helps a full Redis.
const makeRoom = " Look at pictures (/meow), or raise REDIS_MEMORY and run make up."

func (o *Overview) ofRedis() []Problem {
	used, most := o.Memory.Used, o.Memory.Most
	switch {
	case o.Memory.IsFull():
		return []Problem{{Bad, "Redis is full: no spawns, no destroys, no uploads." + makeRoom, ""}}
	case most > 0 && float64(most-used) < short*float64(most):
		return []Problem{{Warn, fmt.Sprintf("Redis is nearly full: %s of %s free.", Bytes(most-used), Bytes(most)) + makeRoom, ""}}
	}
	return nil
}

// ofServices returns nothing if the last look at the services was long ago.
func (o *Overview) ofServices() (all []Problem) {
	if !o.isRecent(o.Seen) {
		return nil
	}
	for i, service := range o.Services {
		if service.Why != "" {
			all = append(all, Problem{Bad, fmt.Sprintf("%s %s: %s.", service.Name, service.Why, services[i].without), "make up"})
		}
	}
	return all
}

// ServicesOf returns the state of each service, given the system's containers by
// name.
func ServicesOf(containers map[string]fleet.Container) (all []Service) {
	for _, service := range services {
		all = append(all, serviceOf(service.name, containers))
	}
	return all
}

func serviceOf(name string, containers map[string]fleet.Container) Service {
	for _, container := range containers {
		switch {
		case container.Service != name:
			continue
		case container.State != "running":
			return Service{name, container.State, "is not running (" + container.State + ")"}
		case container.Health == "unhealthy":
			return Service{name, container.Health, "is unhealthy"}
		}
		return Service{name, cmp.Or(container.Health, container.State), ""}
	}
	return Service{name, "away", "is away"}
}

func (o *Overview) ofWeb() (all []Problem) {
	web := o.web()
	if len(web.In(Serving)) == 0 {
		all = append(all, Problem{Bad, "No web server is listed: visitors are told to wait.", "make up"})
	}
	for _, card := range web.In(Failed) {
		what, offer := fmt.Sprintf("Server %d failed", card.Port), " The page offers to try again or forget it."
		if card.Port == 0 {
			what, offer = fmt.Sprintf("%q is not a server and was set aside", card.Element), " The page offers to forget it."
		}
		all = append(all, Problem{Warn, what + because(card.Why) + offer, "make logs"})
	}
	if web.Traffic.MostlyErrors() {
		all = append(all, mostlyErrors("The web app", web.Traffic, "make logs"))
	}
	return all
}

func (o *Overview) ofColours() (all []Problem) {
	for _, pool := range o.Pools[1:] {
		for _, card := range pool.In(Serving) {
			switch {
			case card.State == fleet.Failing:
				all = append(all, Problem{Bad, fmt.Sprintf("The app %s fails", pool.Name) + because(card.Why), "bin/deploy logs " + pool.Name})
			case pool.Traffic.MostlyErrors():
				all = append(all, mostlyErrors("The app "+pool.Name, pool.Traffic, "bin/deploy logs "+pool.Name))
			}
		}
	}
	return all
}

func mostlyErrors(who string, t Traffic, do string) Problem {
	return Problem{Warn, fmt.Sprintf("%s answers with errors: %d of %d requests in five minutes.", who, t.Errors, t.Requests), do}
}

// short is the free part of disk or memory, also of Redis's, below which a person
// should know.
const short = 0.1

func (o *Overview) ofMachine() (all []Problem) {
	m := o.Machine
	if m.Disk > 0 && float64(m.DiskFree) < short*float64(m.Disk) {
		all = append(all, Problem{Warn, fmt.Sprintf("The disk is nearly full: %s of %s free.", Bytes(m.DiskFree), Bytes(m.Disk)), "docker system df"})
	}
	if m.Memory > 0 && float64(m.Available) < short*float64(m.Memory) {
		all = append(all, Problem{Warn, fmt.Sprintf("Memory is low: %s of %s free.", Bytes(m.Available), Bytes(m.Memory)), "docker stats"})
	}
	return all
}

// longReason is how much of a reason fits in a sentence, in bytes. The card and
// the event have all of it.
const longReason = 160

// because ends a sentence with a reason, if there is one.
func because(why string) string {
	if why == "" {
		return "."
	}
	return ": " + strings.TrimRight(fleet.Shorten(why, longReason), ".") + "."
}

// count returns a number with its noun.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Bytes returns a size as people write it.
func Bytes(n int64) string {
	value, unit := float64(n)/(1<<20), "MiB"
	if n >= 1<<30 {
		value, unit = value/(1<<10), "GiB"
	}
	if value < 10 {
		return fmt.Sprintf("%.1f %s", value, unit)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}

// Away returns the overview for when it cannot be read again: what was last seen,
// and that Redis is away.
func (o Overview) Away() Overview {
	o.Verdict = Problem{Bad, "Redis does not answer: nothing can be changed, and nobody sees what happens.", "make up"}
	o.Problems = []Problem{o.Verdict}
	o.isAway = true
	return o
}
