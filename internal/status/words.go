package status

import (
	"fmt"
	"strings"
	"time"

	"deux/internal/overview"
)

// sentence writes words in indented lines of at most the width, all but the
// first indented further.
func (p *page) sentence(indent, words string) { p.wrapped(indent, indent+"  ", words) }

// wrapped writes words in lines of at most the width. The first line starts with
// first, the others with next. A longer word gets a line of its own.
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

// age returns the time since then, as people say it.
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

// since returns "for" and the time since then, or "" if that is unknown.
func (p *page) since(then time.Time) string {
	if then.IsZero() {
		return ""
	}
	return "for " + p.age(then)
}

// joined returns the non-empty parts, separated by commas.
func joined(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, ", ")
}

// named returns a revision with its subject, if that is known.
func named(revision, subject string) string {
	if subject == "" {
		return overview.Short(revision)
	}
	return fmt.Sprintf("%s (%s)", overview.Short(revision), subject)
}

// reason ends a line with the reason, if that is known.
func reason(why string) string {
	if why == "" {
		return ""
	}
	return ": " + strings.TrimRight(why, ".")
}
