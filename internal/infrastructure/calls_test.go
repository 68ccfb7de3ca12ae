package infrastructure

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// judge lets a command to Redis pass, or not.
func (l *life) judge(command []string, answer []byte) bool {
	switch {
	case answer == nil:
		return l.passes(callOf(command), before)
	case bytes.HasPrefix(answer, []byte("-NOSCRIPT")):
		return l.forget(callOf(command))
	}
	return l.passes(callOf(command), after)
}

// whatOf finds the event that a script writes down.
var whatOf = regexp.MustCompile(`"what":"([^"]*)"`)

// callOf names a command so that it has the same name in each run: by its first
// key, or if it is a script with an event by that and its element.
func callOf(command []string) string {
	name := strings.ToLower(command[0])
	switch {
	case strings.HasPrefix(name, "eval"):
		keys, _ := strconv.Atoi(command[2])
		if what := whatOf.FindStringSubmatch(strings.Join(command[3+keys:], " ")); what != nil {
			return "redis: script " + what[1] + " " + command[3+keys]
		}
		return "redis: script " + command[3]
	case name == "lrange" || name == "client" || len(command) == 1:
		return "redis: " + name
	}
	return "redis: " + name + " " + command[1]
}

// reads are the commands that change nothing. Whatever else there is, now or
// later, is taken to change something.
var reads = regexp.MustCompile(`^redis: (hello|client|ping|info|multi|exec|lrange|lpos)\b`)

// pointsOf returns the points of calls that were counted. What changes something
// is a point each time and in each way. A kill at a read is one after the change
// before it, so of each read there is only the loss of its connection.
func pointsOf(calls map[string]*times) (all []point) {
	for call, count := range calls {
		if reads.MatchString(call) {
			all = append(all, point{call, 1, before, true})
			continue
		}
		for nth := 1; nth <= count.made; nth++ {
			all = append(all, point{call, nth, before, false})
			if nth <= count.answered {
				all = append(all, point{call, nth, after, false}, point{call, nth, after, true})
			}
			if !strings.HasPrefix(call, "redis: ") {
				all = append(all, point{call, nth, during, false})
			}
		}
	}
	return all
}
