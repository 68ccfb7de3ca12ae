package deploy

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// What a kept log is of.
const (
	logOfRun     = "ran"    // a release that had the requests
	logOfFailure = "failed" // a candidate that never had them
)

// Bounds of what is kept of logs whose containers are gone.
const (
	keptLogBytes = 1 << 20 // the end of each
	keptLogs     = 5       // of each kind
)

// keptLog is the log of a container that is gone, in a file whose name says
// which: TIME_REVISION_KIND.log. Each line begins with its time.
type keptLog struct {
	path     string
	Ended    time.Time
	Revision string
	Kind     string
}

const keptTime = "20060102T150405.000Z"

// readKeptLogs returns the logs in a folder, oldest first.
func readKeptLogs(folder string) []keptLog {
	paths, _ := filepath.Glob(filepath.Join(folder, "*.log"))
	slices.Sort(paths)
	var all []keptLog
	for _, path := range paths {
		fields := strings.Split(strings.TrimSuffix(filepath.Base(path), ".log"), "_")
		if len(fields) != 3 {
			continue
		}
		if ended, err := time.Parse(keptTime, fields[0]); err == nil {
			all = append(all, keptLog{path, ended, fields[1], fields[2]})
		}
	}
	return all
}

// writeKeptLog keeps a log and removes those of its kind that are too many. It
// is for the owner's eyes: nobody knows what an app prints.
func writeKeptLog(on files, folder, revision, kind string, ended time.Time, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	if err := on.MakeFolder(folder, 0o700); err != nil {
		return err
	}
	name := ended.UTC().Format(keptTime) + "_" + revision + "_" + kind + ".log"
	if err := on.Write(filepath.Join(folder, name), content, 0o600); err != nil {
		return err
	}
	same := slices.DeleteFunc(readKeptLogs(folder), func(l keptLog) bool { return l.Kind != kind })
	var errs []error
	for _, old := range same[:max(0, len(same)-keptLogs)] {
		errs = append(errs, on.Remove(old.path))
	}
	return errors.Join(errs...)
}

// keepLog keeps the log of a container that is about to be removed. That it
// could not is said, and no reason to keep the container.
func (d *Deployer) keepLog(ctx context.Context, id, revision string) {
	state, err := d.docker.State(ctx, id)
	if errors.Is(err, engine.ErrNoContainer) {
		return // and its log with it
	}
	kind := logOfFailure
	if state.Kept || err != nil { // if Docker does not say it, the log still is one that may be asked for
		kind = logOfRun
	}
	end := &tail{bytes: keptLogBytes}
	err = d.docker.TimedLogs(ctx, id, time.Time{}, false, end)
	if err := errors.Join(err, writeKeptLog(d.files, d.ledger.Path(ledger.Logs), revision, kind, time.Now(), end.lines())); err != nil {
		d.out.line("warning: keeping the log of %s: %v", revision, err)
	}
}

// tail keeps the last bytes that are written to it.
type tail struct {
	bytes int
	kept  []byte
	cut   bool // something was dropped
}

func (t *tail) Write(text []byte) (int, error) {
	t.kept = append(t.kept, text...)
	if len(t.kept) > 2*t.bytes {
		t.shorten()
	}
	return len(text), nil
}

func (t *tail) shorten() {
	if over := len(t.kept) - t.bytes; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
}

// lines returns what was kept, from the beginning of a line.
func (t *tail) lines() []byte {
	t.shorten()
	if !t.cut {
		return t.kept
	}
	_, rest, _ := bytes.Cut(t.kept, []byte("\n"))
	return rest
}
