package status

import (
	"fmt"
	"strings"
	"time"

	"deux/internal/overview"
)

// page is the text so far.
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

// services writes the state of each service, if they were looked at.
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
		return ", not looked at yet"
	case p.now.Sub(seen) > time.Minute:
		return ", as of " + p.age(seen) + " ago"
	}
	return ""
}

// machine writes how much memory and disk is free, if that is known.
func (p *page) machine(m overview.Machine) {
	if m.Memory > 0 && m.Disk > 0 {
		fmt.Fprintf(p, "\nmachine\n  %-15s %s of %s free\n  %-15s %s of %s free\n",
			"memory", overview.Bytes(m.Available), overview.Bytes(m.Memory),
			"disk", overview.Bytes(m.DiskFree), overview.Bytes(m.Disk))
	}
}
