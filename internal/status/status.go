// Package status is what make status says: the model of the page (package
// overview) in lines of text, and the wait of make up until all is healthy.
//
// It runs on the host, so that it sees at once what infrastructure writes into
// the lists only every few seconds, or not at all while it does not run:
// whether the containers run. What it makes of that is the page's own code.
package status

import (
	"context"
	"io"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/overview"
	"deux/internal/program"
)

// docker is Docker, as far as this package needs it.
type docker interface {
	Containers(ctx context.Context) ([]engine.Usage, error)
	State(ctx context.Context, id string) (engine.State, error)
	Exec(ctx context.Context, id string, command []string) (code int, output string, err error)
	Logs(ctx context.Context, id string, lines int, follow bool, out io.Writer) error
}

// Host is what can be seen from the host without Redis.
type Host struct {
	Docker docker
	Runs   func() bool // whether infrastructure does
	Log    string      // path of infrastructure's log
}

// System looks at a system. It is for one goroutine at a time.
type System struct {
	*Host
	lists  *fleet.Fleet
	reader *overview.Reader
}

// New returns a look at the system with those lists, on this host.
func New(lists *fleet.Fleet, host *Host) *System {
	s := &System{Host: host, lists: lists}
	s.reader = overview.NewReader(lists.Site, s.snapshot)
	return s
}

// Show writes how the system does, in lines of at most width columns where that
// is possible. It returns program.ErrReported if the verdict is a warning or
// worse, which is when somebody should look: that a spawn or a push is under
// way is well.
func (s *System) Show(ctx context.Context, width int, out io.Writer) error {
	o, err := s.reader.Look(ctx)
	if err != nil {
		o = s.withoutRedis(ctx)
	}
	if _, err := io.WriteString(out, text(o, err, width)); err != nil {
		return err
	}
	if o.Verdict.Level >= overview.Warn {
		return program.ErrReported
	}
	return nil
}

// withoutRedis is all that Docker alone can tell.
func (s *System) withoutRedis(ctx context.Context) overview.Overview {
	o := overview.Overview{At: time.Now()}
	if all, err := s.Docker.Containers(ctx); err == nil {
		o.Seen, o.Services = o.At, overview.ServicesOf(now(all, nil))
	}
	return o.Away()
}

// snapshot reads the lists, and puts what Docker says now in the place of what
// infrastructure saw a few seconds ago. If infrastructure does not run, what it
// wrote is no sign of life.
func (s *System) snapshot(ctx context.Context, depth fleet.Depth) (fleet.Snapshot, error) {
	snapshot, err := s.lists.Snapshot(ctx, depth)
	if err != nil {
		return fleet.Snapshot{}, err
	}
	if all, err := s.Docker.Containers(ctx); err == nil {
		snapshot.Seen, snapshot.Vitals.Containers = time.Now(), now(all, snapshot.Vitals.Containers)
	}
	if !s.Runs() {
		snapshot.Vitals.At = time.Time{}
	}
	return snapshot, nil
}

// now returns the containers by name, with what they used when that was last
// measured.
func now(all []engine.Usage, before map[string]fleet.Container) map[string]fleet.Container {
	found := make(map[string]fleet.Container)
	for _, usage := range all {
		container := before[usage.Name]
		container.Service, container.State, container.Health = usage.Service, usage.State, usage.Health
		found[usage.Name] = container
	}
	return found
}
