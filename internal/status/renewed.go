package status

import (
	"context"
	"fmt"
	"io"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
	"deux/internal/program"
)

// newsPatience is how long infrastructure, which looks every 5 s, may take to
// tell the versions of the servers.
const newsPatience = 15 * time.Second

// Renewed returns when no web server runs other code or settings than the first
// one, and says nothing if none does. It does not wait longer than patience, nor
// for what will not happen: without infrastructure, or while a server has
// failed. If it gives up, it says what is left.
func (s *System) Renewed(ctx context.Context, patience time.Duration, out io.Writer) error {
	said := ""
	for start := time.Now(); ; {
		o, err := s.reader.Look(ctx)
		if err != nil || !o.Beats() {
			return ctx.Err()
		}
		waited := time.Since(start)
		words, isOver := "", waited >= min(patience, newsPatience)
		if renewal := o.Renewal(); renewal.IsKnown && s.isNews(ctx, o) {
			words, isOver = renewal.String(), renewal.Old == 0
			if !isOver && (renewal.IsHeld || waited >= patience) {
				fmt.Fprintf(out, "    %s; make status says when they are renewed\n", words)
				return nil
			}
		}
		if isOver {
			return nil
		}
		if words != "" && words != said {
			fmt.Fprintf(out, "    renewing: %s\n", words)
			said = words
		}
		if !program.Sleep(ctx, waitPause) {
			return ctx.Err()
		}
	}
}

// isNews reports whether infrastructure has looked since it and the first server
// were started: what was seen before says nothing about the versions now.
func (s *System) isNews(ctx context.Context, o overview.Overview) bool {
	seen := o.Machine.At
	first, found := s.services(ctx)[fleet.FirstService]
	return found && !seen.Before(s.Since()) && seen.After(first.Created.Add(createdStep))
}

// createdStep is the precision of a container's time of creation.
const createdStep = time.Second
