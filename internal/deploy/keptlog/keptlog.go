// Package keptlog keeps the ends of the logs of containers that are gone: Docker
// removes a log with its container.
package keptlog

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deux/internal/engine"
)

// Kinds of kept logs.
const (
	Ran    = "ran"    // a release that had the requests
	Failed = "failed" // a candidate that never had them
)

// Bounds of the logs that are kept.
const (
	mostBytes = 1 << 20 // the end of each
	mostLogs  = 5       // of each kind
)

// Log is a log in a file named TIME_REVISION_KIND.log. Each line starts with its
// time.
type Log struct {
	Path     string
	Ended    time.Time
	Revision string
	Kind     string
}

const timeFormat = "20060102T150405.000Z"

// Files is every way in which a kept log changes.
type Files interface {
	MakeFolder(path string, mode fs.FileMode) error
	Write(path string, content []byte, mode fs.FileMode) error
	Remove(path string) error
}

// Docker is what is asked about a container.
type Docker interface {
	State(ctx context.Context, id string) (engine.State, error)
	TimedLogs(ctx context.Context, id string, since time.Time, follow bool, out io.Writer) error
}

// Folder holds the kept logs of one app.
type Folder struct {
	path string
	on   Files
}

// In returns the folder at a path. It need not exist.
func In(path string, on Files) Folder { return Folder{path, on} }

// All returns the logs in the folder, oldest first.
func (f Folder) All() []Log {
	paths, _ := filepath.Glob(filepath.Join(f.path, "*.log"))
	slices.Sort(paths)
	var all []Log
	for _, path := range paths {
		fields := strings.Split(strings.TrimSuffix(filepath.Base(path), ".log"), "_")
		if len(fields) != 3 {
			continue
		}
		if ended, err := time.Parse(timeFormat, fields[0]); err == nil {
			all = append(all, Log{path, ended, fields[1], fields[2]})
		}
	}
	return all
}

// Keep keeps the log of a container that is about to be removed.
func (f Folder) Keep(ctx context.Context, docker Docker, id, revision string) error {
	state, err := docker.State(ctx, id)
	if errors.Is(err, engine.ErrNoContainer) {
		return nil // and its log with it
	}
	kind := Failed
	if state.Kept || err != nil { // if Docker does not say it, the log still is one that may be asked for
		kind = Ran
	}
	end := &tail{bytes: mostBytes}
	err = docker.TimedLogs(ctx, id, time.Time{}, false, end)
	return errors.Join(err, f.Write(revision, kind, time.Now(), end.lines()))
}

// Write keeps a log and removes the oldest beyond the limit of its kind. Only its
// owner may read it: nobody knows what an app prints.
func (f Folder) Write(revision, kind string, ended time.Time, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	if err := f.on.MakeFolder(f.path, 0o700); err != nil {
		return err
	}
	name := ended.UTC().Format(timeFormat) + "_" + revision + "_" + kind + ".log"
	if err := f.on.Write(filepath.Join(f.path, name), content, 0o600); err != nil {
		return err
	}
	same := slices.DeleteFunc(f.All(), func(l Log) bool { return l.Kind != kind })
	var errs []error
	for _, old := range same[:max(0, len(same)-mostLogs)] {
		errs = append(errs, f.on.Remove(old.Path))
	}
	return errors.Join(errs...)
}
