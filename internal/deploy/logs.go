package deploy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy/keptlog"
	"deux/internal/engine"
)

// LogQuery selects what to show of the logs.
type LogQuery struct {
	Release string         // a revision or its start, previous, failed or all; empty for the one that runs
	Since   time.Time      // zero for all that is kept
	Grep    *regexp.Regexp // nil for every line
	Follow  bool           // go on with what the app prints, even after the next push
}

// Logs writes what the app printed. A line above each release's output names it.
// The logs that are kept are shown without Docker too.
func (d *Deployer) Logs(ctx context.Context, query LogQuery) error {
	if query.Follow {
		return (&follower{Deployer: d, query: query}).follow(ctx)
	}
	running, found, away := d.running(ctx)
	kept, withRunning := query.choose(d.keptLogs().All(), running.Revision)
	if len(kept) == 0 && !(withRunning && found) {
		return cmp.Or(away, d.noLogs(ctx, query))
	}
	for _, log := range kept {
		if err := d.writeKept(query, log); err != nil {
			return err
		}
	}
	if withRunning && found {
		d.nameRunning(running)
		_, err := d.writeRunning(ctx, query, running)
		return err
	}
	if withRunning {
		return away
	}
	return nil
}

// choose returns the kept logs that the query selects, and reports whether it
// selects the running release's.
func (q LogQuery) choose(kept []keptlog.Log, running string) (chosen []keptlog.Log, withRunning bool) {
	kind := map[string]string{"previous": keptlog.Ran, "failed": keptlog.Failed}[q.Release]
	switch {
	case q.Release == "":
		return nil, true
	case q.Release == "all":
		return kept, true
	case kind != "":
		chosen = slices.DeleteFunc(slices.Clone(kept), func(l keptlog.Log) bool { return l.Kind != kind })
		return chosen[max(0, len(chosen)-1):], false
	}
	chosen = slices.DeleteFunc(slices.Clone(kept), func(l keptlog.Log) bool { return !strings.HasPrefix(l.Revision, q.Release) })
	return chosen, running != "" && strings.HasPrefix(running, q.Release)
}

// noLogs returns an error that says why there is nothing to show, and which
// logs there are.
func (d *Deployer) noLogs(ctx context.Context, query LogQuery) error {
	var names []string
	for _, log := range d.keptLogs().All() {
		names = append(names, log.Revision[:min(len(log.Revision), 12)]+" ("+log.Kind+")")
	}
	have := "no log is kept"
	if len(names) > 0 {
		have = "--release all shows the logs that are kept, of " + strings.Join(names, ", ")
	}
	if query.Release != "" {
		return fmt.Errorf("%s has no log of %q: %s", d.colour.name, query.Release, have)
	}
	if !d.ledger.HasCurrent() {
		return fmt.Errorf("%w; %s", d.nothingDeployed(ctx), have)
	}
	return fmt.Errorf("%s does not run (bin/deploy restore %s brings it back); %s", d.colour.app, d.colour.name, have)
}

// running returns the container that has the app's name.
func (d *Deployer) running(ctx context.Context) (engine.Release, bool, error) {
	all, err := d.docker.Releases(ctx, d.colour.name)
	i := slices.IndexFunc(all, func(r engine.Release) bool { return r.Name == d.colour.app })
	if err != nil || i < 0 {
		return engine.Release{}, false, err
	}
	return all[i], true, nil
}

func (d *Deployer) writeKept(query LogQuery, log keptlog.Log) error {
	file, err := os.Open(log.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // a push has just removed it as too old
	}
	if err != nil {
		return err
	}
	defer file.Close()
	what := "ran until"
	if log.Kind == keptlog.Failed {
		what = "failed at"
	}
	d.out.step("%s %s, %s %s", d.colour.name, log.Revision, what, log.Ended.Format(time.RFC3339))
	filter := &logFilter{query: query, to: d.out}
	_, err = io.Copy(filter, file)
	filter.end()
	return err
}

func (d *Deployer) nameRunning(release engine.Release) {
	state := "runs"
	if !release.Running {
		state = "does not run"
	}
	d.out.step("%s %s, %s", d.colour.name, release.Revision, state)
}

// writeRunning writes the log of a container that Docker has, and reports whether
// there was anything to write.
func (d *Deployer) writeRunning(ctx context.Context, query LogQuery, release engine.Release) (wrote bool, err error) {
	filter := &logFilter{query: query, to: d.out}
	err = d.docker.TimedLogs(ctx, release.ID, query.Since, query.Follow, filter)
	filter.end()
	return filter.wrote, err
}

// logFilter passes on the lines that a query selects, without their times.
type logFilter struct {
	query LogQuery
	to    io.Writer
	part  []byte // of a line
	wrote bool
}

func (f *logFilter) Write(text []byte) (int, error) {
	f.part = append(f.part, text...)
	for {
		line, rest, whole := bytes.Cut(f.part, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		f.line(line)
		f.part = rest
	}
}

// end passes on a last line without a line end.
func (f *logFilter) end() {
	if len(f.part) > 0 {
		f.line(f.part)
	}
	f.part = nil
}

func (f *logFilter) line(line []byte) {
	stamp, text, timed := bytes.Cut(line, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if !timed || err != nil {
		text, at = line, time.Time{}
	}
	if !at.IsZero() && at.Before(f.query.Since) || f.query.Grep != nil && !f.query.Grep.Match(text) {
		return
	}
	f.wrote = true
	_, _ = f.to.Write(append(bytes.Clone(text), '\n'))
}
