package overview

import (
	"fmt"
	"strings"
)

// verdict is the sentence at the top: the worst of the problems, or that there is
// none.
func (o *Overview) verdict() Problem {
	if len(o.Problems) > 0 {
		return o.Problems[0]
	}
	parts := []string{o.servers()}
	for _, pool := range o.Pools[1:] {
		if pool.Release != nil && len(pool.In(Serving)) > 0 {
			parts = append(parts, fmt.Sprintf("%s runs %s", pool.Name, Short(pool.Release.Revision)))
		}
	}
	return Problem{Well, "All is well: " + strings.Join(parts, ", ") + ".", ""}
}

func (o *Overview) servers() string {
	if len(o.web().Cards) == 1 && o.web().Cards[0].IsFirst {
		return "the first server serves alone, no other has been spawned"
	}
	return count(len(o.web().In(Serving)), "web server serves", "web servers serve")
}

// Rate says how many requests come to all pools. It is not part of the verdict,
// which a screen reader reads out whenever it changes.
func (o Overview) Rate() string {
	perSecond := 0.0
	for _, pool := range o.Pools {
		perSecond += pool.Traffic.PerSecond
	}
	switch {
	case o.isAway:
		return "Requests are not counted meanwhile"
	case perSecond == 0:
		return "No requests at the moment"
	case perSecond < 10:
		return fmt.Sprintf("%.1f requests a second", perSecond)
	}
	return fmt.Sprintf("%.0f requests a second", perSecond)
}

// Short returns a revision or a digest as people write it.
func Short(revision string) string {
	revision = strings.TrimPrefix(revision, "sha256:")
	return revision[:min(7, len(revision))]
}

// underWay returns what is being done.
func (o *Overview) underWay() (all []Problem) {
	for _, pool := range o.Pools {
		if pool.Push != nil && !pool.Push.IsOver() {
			all = append(all, Problem{Level: Busy, What: fmt.Sprintf("A %s to %s is under way: %s.", pool.Push.What, pool.Name, strings.ToLower(pool.Push.Now()))})
		}
	}
	for _, column := range []struct {
		is        []Column
		one, more string
	}{
		{[]Column{Wanted, Starting}, "server is starting", "servers are starting"},
		{[]Column{Draining, Leaving}, "server is leaving", "servers are leaving"},
	} {
		n := 0
		for _, is := range column.is {
			n += len(o.web().In(is))
		}
		if n > 0 {
			all = append(all, Problem{Level: Busy, What: count(n, column.one, column.more) + "."})
		}
	}
	return all
}
