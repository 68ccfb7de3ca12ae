// Package status is what make status says: the model of the page (package
// overview) in lines of text, and the wait of make up until all is healthy.
//
// It runs on the host, so it sees at once whether the containers run.
// Infrastructure writes that into the lists only every few seconds, and not at
// all while it is down. The judgement is the page's own code.
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

// Host is what the host can see without Redis.
type Host struct {
	Docker docker
	Runs   func() bool      // reports whether infrastructure runs
	Since  func() time.Time // when infrastructure was last started
	Log    string           // path of infrastructure's log
}

// System looks at a system. It is for one goroutine at a time.
type System struct {
	*Host
	lists  *fleet.Fleet
	reader *overview.Reader
}

// New returns the System with those lists, on this host.
func New(lists *fleet.Fleet, host *Host) *System {
	s := &System{Host: host, lists: lists}
	s.reader = overview.NewReader(lists.Site, s.snapshot)
	return s
}

// Show writes how the system is doing, in lines of at most width columns where
// possible. It returns program.ErrReported if the verdict is a warning or worse,
// so that somebody should look. A spawn or a push under way is fine.
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

// withoutRedis returns what Docker alone can say.
func (s *System) withoutRedis(ctx context.Context) overview.Overview {
	o := overview.Overview{At: time.Now()}
	if all, err := s.Docker.Containers(ctx); err == nil {
		o.Seen, o.Services = o.At, overview.ServicesOf(now(all, nil))
	}
	return o.Away()
}

// snapshot reads the lists, and replaces what infrastructure saw a few seconds
// ago with what Docker says now. If infrastructure does not run, what it wrote is
// not taken as a sign of life.
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

// now returns the containers by name, with their last measured usage.
func now(all []engine.Usage, before map[string]fleet.Container) map[string]fleet.Container {
	found := make(map[string]fleet.Container)
	for _, usage := range all {
		container := before[usage.Name]
		container.Service, container.State, container.Health = usage.Service, usage.State, usage.Health
		found[usage.Name] = container
	}
	return found
}
