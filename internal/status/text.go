package status

import (
	"fmt"
	"strings"
	"time"

	"deux/internal/overview"
)

// page is the text as it grows.
type page struct {
	strings.Builder
	width int
	now   time.Time
}

// text is what Show writes. Without Redis, err says why it is away.
func text(o overview.Overview, err error, width int) string {
	p := &page{width: width, now: o.At}
	p.problems(o)
	if err != nil {
		p.sentence("  ", err.Error())
	}
	p.services(o, err == nil)
	for _, pool := range o.Pools {
		p.pool(pool)
	}
	p.machine(o.Machine)
	return p.String()
}

// problems writes the verdict, and what else is wrong.
func (p *page) problems(o overview.Overview) {
	p.problem("", o.Verdict)
	for _, problem := range o.Problems[min(1, len(o.Problems)):] {
		p.problem("  ", problem)
	}
}

func (p *page) problem(indent string, problem overview.Problem) {
	words := problem.What
	if problem.Do != "" {
		words += " Type: " + problem.Do
	}
	p.sentence(indent, words)
}

// services writes the state of each, if somebody looked at them.
func (p *page) services(o overview.Overview, isRead bool) {
	fmt.Fprintf(p, "\nservices%s\n", p.staleness(o.Seen))
	for _, service := range o.Services {
		if !o.Seen.IsZero() {
			fmt.Fprintf(p, "  %-15s %s\n", service.Name, service.State)
		}
	}
	switch {
	case !isRead:
	case o.Beats():
		fmt.Fprintf(p, "  %-15s works\n", infrastructure)
	default:
		fmt.Fprintf(p, "  %-15s does not run\n", infrastructure)
	}
}

// staleness says how old a look is, if it is old.
func (p *page) staleness(seen time.Time) string {
	switch {
	case seen.IsZero():
		return ", of which nobody knows"
	case p.now.Sub(seen) > time.Minute:
		return ", as they were " + p.age(seen) + " ago"
	}
	return ""
}

// machine writes what is left of memory and disk, if anybody told.
func (p *page) machine(m overview.Machine) {
	if m.Memory > 0 && m.Disk > 0 {
		fmt.Fprintf(p, "\nmachine\n  %-15s %s of %s free\n  %-15s %s of %s free\n",
			"memory", overview.Bytes(m.Available), overview.Bytes(m.Memory),
			"disk", overview.Bytes(m.DiskFree), overview.Bytes(m.Disk))
	}
}

// sentence writes words in lines of at most the width, indented, the second and
// all further ones more than the first.
func (p *page) sentence(indent, words string) { p.wrapped(indent, indent+"  ", words) }

// wrapped writes words in lines of at most the width. The first one starts with
// first, the others with next. A word that is longer has a line of its own.
func (p *page) wrapped(first, next, words string) {
	line, isEmpty := first, true
	for _, word := range strings.Fields(words) {
		if !isEmpty && runes(line)+1+runes(word) > p.width {
			p.WriteString(line + "\n")
			line, isEmpty = next, true
		}
		if !isEmpty {
			line += " "
		}
		line, isEmpty = line+word, false
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

func runes(s string) int { return len([]rune(s)) }

// age is the time since then, as people say it.
func (p *page) age(then time.Time) string {
	age := max(0, p.now.Sub(then))
	switch {
	case age < time.Minute:
		return fmt.Sprintf("%d s", age/time.Second)
	case age < time.Hour:
		return fmt.Sprintf("%d min", age/time.Minute)
	case age < 48*time.Hour:
		return fmt.Sprintf("%d h", age/time.Hour)
	}
	return fmt.Sprintf("%d days", age/(24*time.Hour))
}

// since is the time since then behind "for", or nothing if that is unknown.
func (p *page) since(then time.Time) string {
	if then.IsZero() {
		return ""
	}
	return "for " + p.age(then)
}

// joined returns what is not empty of the parts, with commas.
func joined(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, ", ")
}

// named is a revision with its subject, if that is known.
func named(revision, subject string) string {
	if subject == "" {
		return overview.Short(revision)
	}
	return fmt.Sprintf("%s (%s)", overview.Short(revision), subject)
}
