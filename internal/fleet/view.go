package fleet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// View is the lists for a caller that looks at them again and again. One who
// looks while nothing was written costs Redis a single short command, and gets
// what a read would have given: there is nothing that a view may show late, be
// it garbage, a flush or what another program moved.
//
// A View is for one goroutine.
type View struct {
	fleet *Fleet
	lists Lists
	count count     // just before the lists were read
	read  time.Time // when they were read
}

// count is how far Redis and this program have come with writing.
type count struct {
	changes int64  // in Redis since its last snapshot
	epoch   string // differs after a snapshot and after FLUSHALL
	own     int64  // of the changes, those that this program made in journals
}

// others returns how much was written that this program knows nothing of.
func (c count) others() int64 { return c.changes - c.own }

// View returns a view that has not looked yet.
func (f *Fleet) View() *View { return &View{fleet: f} }

// viewAge is how old a read may get even if nothing seems to have changed: within
// one second of a snapshot the count may in theory stand where it stood.
const viewAge = time.Minute

// Lists returns what all lists hold. It reads them only if anything in Redis
// changed since the last read.
func (v *View) Lists(ctx context.Context) (Lists, error) {
	count, counts, err := v.fleet.count(ctx)
	if err != nil {
		return Lists{}, err
	}
	if counts && count.epoch == v.count.epoch && count.others() == v.count.others() && time.Since(v.read) < viewAge {
		return v.lists, nil
	}
	// The count comes first: what changes from here on changes it once more.
	lists, err := v.fleet.Lists(ctx)
	if err != nil {
		return Lists{}, err
	}
	v.lists, v.count, v.read = lists, count, time.Now()
	return lists, nil
}

// count asks Redis how much was written, and reports whether this Redis counts
// (Redis, "INFO", sections Persistence and Keyspace; several sections at once
// since Redis 7). The number of keys is for FLUSHALL, which sets the number of
// changes back to 0 like any snapshot.
//
// This program's own changes are read first: what it writes meanwhile then looks
// like somebody else's, for which the lists are read once too often.
func (f *Fleet) count(ctx context.Context) (now count, counts bool, err error) {
	now.own = f.journalled.Load()
	info, err := f.client.Info(ctx, "persistence", "keyspace").Result()
	if err != nil {
		return now, false, fmt.Errorf("asking Redis whether anything changed: %w", err)
	}
	for line := range strings.Lines(info) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
		case "rdb_changes_since_last_save":
			now.changes, err = strconv.ParseInt(value, 10, 64)
			counts = err == nil
		case "rdb_last_save_time", "db0":
			now.epoch += value + " "
		}
	}
	return now, counts, nil
}
