package deploy

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
)

// Kinds of kept logs.
const (
	logOfRun     = "ran"    // a release that had the requests
	logOfFailure = "failed" // a candidate that never had them
)

// Bounds of the logs that are kept after their containers are gone.
const (
	keptLogBytes = 1 << 20 // the end of each
	keptLogs     = 5       // of each kind
)

// keptLog is the log of a container that is gone, in a file named
// TIME_REVISION_KIND.log. Each line starts with its time.
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

// writeKeptLog keeps a log and removes the oldest beyond the limit of its kind.
// Only its owner may read it: nobody knows what an app prints.
func writeKeptLog(folder, revision, kind string, ended time.Time, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	name := ended.UTC().Format(keptTime) + "_" + revision + "_" + kind + ".log"
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		return err
	}
	same := slices.DeleteFunc(readKeptLogs(folder), func(l keptLog) bool { return l.Kind != kind })
	var errs []error
	for _, old := range same[:max(0, len(same)-keptLogs)] {
		if err := os.Remove(old.path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// keepLog keeps the log of a container that is about to be removed. If it fails
// it says so, but the container is removed all the same.
func (d *Deployer) keepLog(ctx context.Context, id, revision string) {
	state, err := d.docker.State(ctx, id)
	if err != nil {
		return // the container is gone, and its log with it
	}
	kind := logOfFailure
	if state.Kept {
		kind = logOfRun
	}
	end := &tail{bytes: keptLogBytes}
	err = d.docker.TimedLogs(ctx, id, time.Time{}, false, end)
	if err := errors.Join(err, writeKeptLog(d.ledger.Path(ledger.Logs), revision, kind, time.Now(), end.lines())); err != nil {
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

// lines returns what was kept, from the start of a line.
func (t *tail) lines() []byte {
	t.shorten()
	if !t.cut {
		return t.kept
	}
	_, rest, _ := bytes.Cut(t.kept, []byte("\n"))
	return rest
}
