package deploy

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// output is what the pusher reads. It notices when the pusher goes away: then it
// calls gone, once, and writes nothing more.
type output struct {
	mu   sync.Mutex
	to   io.Writer
	gone func()
	lost bool
}

// Write never fails: whether a release goes on without its pusher is for gone to
// decide, not for the code that writes.
func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lost {
		return len(text), nil
	}
	if _, err := o.to.Write(text); err != nil {
		o.lost = true
		o.gone()
	}
	return len(text), nil
}

// step names a step of the recipe as it starts.
func (o *output) step(format string, values ...any) {
	fmt.Fprintf(o, "==> "+format+"\n", values...)
}

// took says how long a step took if it was noticeable.
func (o *output) took(name string, duration time.Duration) {
	if duration >= noticed {
		o.line("    %s took %.1f s", name, duration.Seconds())
	}
}

// noticed is the shortest time of a step that is reported.
const noticed = 100 * time.Millisecond

func (o *output) line(format string, values ...any) {
	fmt.Fprintf(o, format+"\n", values...)
}

// oneLine makes a reason fit on the line of DEPLOY FAILED.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
