package fleet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// View is the lists for a caller that looks at them again and again. While
// nothing was written, a look costs Redis a single short command and returns
// what a read would have. A view never shows anything late: not garbage, not a
// flush, not what another program moved.
//
// A View is for one goroutine.
type View struct {
	fleet *Fleet
	lists Lists
	count count     // just before the lists were read
	read  time.Time // when they were read
}

// count is how much Redis and this program have written so far.
type count struct {
	changes int64  // in Redis since its last snapshot
	epoch   string // differs after a snapshot and after FLUSHALL
	own     int64  // the changes among them that this program made in journals
}

// others returns the number of changes that this program knows nothing about.
func (c count) others() int64 { return c.changes - c.own }

// View returns a view that has not looked yet.
func (f *Fleet) View() *View { return &View{fleet: f} }

// viewAge is how old a read may get even if nothing seems to have changed: in
// theory the count may reach its old value within a second of a snapshot.
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
	// The count is read first: later changes change it again.
	lists, err := v.fleet.Lists(ctx)
	if err != nil {
		return Lists{}, err
	}
	v.lists, v.count, v.read = lists, count, time.Now()
	return lists, nil
}

// count asks Redis how much was written, and reports whether this Redis counts
// (Redis, "INFO", sections Persistence and Keyspace; several sections at once
// since Redis 7). The number of keys is for FLUSHALL, which, like any snapshot,
// sets the number of changes back to 0.
//
// This program's own changes are read first: what it writes meanwhile then looks
// like another program's change and costs one read too many.
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
