package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"deux/internal/deploy/ledger"
	"deux/internal/fleet"
)

// How a run fares at one of its points.
type turn int

const (
	diesBefore turn = iota
	diesAfter
	losesAnswer // the command took effect, and an error comes back
)

var turns = map[turn]string{diesBefore: "dies before", diesAfter: "dies after", losesAnswer: "gets no answer to"}

// A point is one call of Docker or Redis, or one change of a file.
type point struct {
	what   string
	change bool // it has an effect, so that dying before it is not dying after it
	answer bool // it has an answer that can be lost
}

// turns are what can happen at the point.
func (p point) turns() (all []turn) {
	if p.change {
		all = append(all, diesBefore, diesAfter)
	}
	if p.answer {
		all = append(all, losesAnswer)
	}
	return all
}

// fate lets a process pass through its points, up to the one at which it dies as
// by kill -9, or an answer is lost. It counts them, so that no step of the
// product can be forgotten.
type fate struct {
	passed []point
	at     int // the point where it happens; one that is not reached for none
	turn   turn
	dead   bool

	refuses map[string]error // what is not done, and the error that comes back instead
}

// death is the end of a process. The deferred functions of a goroutine run
// though: what they call after death dies too.
type death struct{}

var errLost = errors.New("the connection was lost")

const never = -1

func (f *fate) pass(p point, do func() error) error {
	if f.dead {
		panic(death{})
	}
	here := len(f.passed) == f.at
	f.passed = append(f.passed, p)
	if here && f.turn == diesBefore {
		f.die()
	}
	err, refused := f.refuses[p.what]
	if !refused {
		err = do()
	}
	if here && f.turn == diesAfter {
		f.die()
	}
	if here && f.turn == losesAnswer {
		return fmt.Errorf("%s: %w", p.what, errLost)
	}
	return err
}

func (f *fate) die() {
	f.dead = true
	panic(death{})
}

// survives runs a process and reports whether it came to its end.
func (f *fate) survives(process func()) (survived bool) {
	defer func() {
		if reason := recover(); reason != nil && !f.dead {
			panic(reason)
		}
		survived = !f.dead
	}()
	process()
	return true
}

// does is pass for what has an effect, asks for what has none.
func (f *fate) does(what string, do func() error) error {
	return f.pass(point{what, true, true}, do)
}

func (f *fate) asks(what string, do func() error) error {
	return f.pass(point{what, false, true}, do)
}

// fatedDisk is where the ledger is, without the syncs that a power cut needs.
type fatedDisk struct{ fate *fate }

func (d fatedDisk) changes(what, path string, do func() error) error {
	return d.fate.pass(point{what + " " + path[strings.LastIndexByte(path, '/')+1:], true, false}, do)
}

func (d fatedDisk) Replace(path string, content []byte, mode os.FileMode) error {
	return d.changes("replace", path, func() error {
		return errors.Join(os.WriteFile(path+".new", content, mode), os.Rename(path+".new", path))
	})
}

func (d fatedDisk) Append(path string, line []byte, mode os.FileMode) error {
	return d.changes("append to", path, func() error {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, mode)
		if err != nil {
			return err
		}
		_, err = file.Write(line)
		return errors.Join(err, file.Close())
	})
}

func (d fatedDisk) Remove(path string) error {
	return d.changes("remove", path, func() error { return os.Remove(path) })
}

var _ ledger.Disk = fatedDisk{}

// fatedFiles are the others.
type fatedFiles struct {
	hostFiles
	fate *fate
}

// changes names a file without what differs in each world.
func (f fatedFiles) changes(what, path string, do func() error) error {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if strings.HasSuffix(name, ".log") {
		name = "a log"
	}
	return f.fate.pass(point{what + " " + name, true, false}, do)
}

func (f fatedFiles) MakeFolder(path string, mode os.FileMode) error {
	return f.changes("make", path, func() error { return f.hostFiles.MakeFolder(path, mode) })
}

func (f fatedFiles) Write(path string, content []byte, mode os.FileMode) error {
	return f.changes("write", path, func() error { return f.hostFiles.Write(path, content, mode) })
}

func (f fatedFiles) Rename(from, to string) error {
	return f.changes("rename to", to, func() error { return f.hostFiles.Rename(from, to) })
}

func (f fatedFiles) Remove(path string) error {
	return f.changes("remove", path, func() error { return f.hostFiles.Remove(path) })
}

// fatedLists are a real Redis.
type fatedLists struct {
	*fleet.Fleet
	fate *fate
}

func (l fatedLists) Close() error { return nil } // the next process has the same connections

func (l fatedLists) Ping(ctx context.Context) error {
	return l.fate.asks("PING", func() error { return l.Fleet.Ping(ctx) })
}

func (l fatedLists) LastEnd(ctx context.Context, colour string) (end fleet.Step, has bool, err error) {
	err = l.fate.asks("LastEnd", func() error { end, has, err = l.Fleet.LastEnd(ctx, colour); return err })
	return end, has, err
}

func (l fatedLists) RecordStep(ctx context.Context, colour string, step fleet.Step) error {
	return l.fate.does("RecordStep "+step.Step+" "+string(step.State), func() error { return l.Fleet.RecordStep(ctx, colour, step) })
}

// fatedRotation is a real Redis and a proxy that has no request in flight.
type fatedRotation struct {
	*fleet.Rotation
	fate *fate
}

func (r fatedRotation) Read(ctx context.Context) (listed, draining []fleet.Server, err error) {
	err = r.fate.asks("Read", func() error { listed, draining, err = r.Rotation.Read(ctx); return err })
	return listed, draining, err
}

func (r fatedRotation) Switch(ctx context.Context, server fleet.Server, running ...fleet.Server) error {
	return r.fate.does("Switch", func() error {
		err := r.Rotation.Switch(ctx, server, running...)
		_, draining, failure := r.Rotation.Read(ctx)
		for _, idle := range draining {
			err = errors.Join(err, r.Drained(ctx, idle))
		}
		return errors.Join(err, failure)
	})
}

func (r fatedRotation) StillDrains(ctx context.Context, server, successor fleet.Server) (is bool, err error) {
	err = r.fate.asks("StillDrains", func() error { is, err = r.Rotation.StillDrains(ctx, server, successor); return err })
	return is, err
}

func (r fatedRotation) Forget(ctx context.Context, server fleet.Server) error {
	return r.fate.does("Forget", func() error { return r.Rotation.Forget(ctx, server) })
}
