package fleet

import (
	"context"
	"fmt"
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
	count string    // Redis's count of changes just before the lists were read
	read  time.Time // when they were read
}

// View returns a view that has not looked yet.
func (f *Fleet) View() *View { return &View{fleet: f} }

// viewAge is how old a read may get even if nothing seems to have changed: within
// one second of a snapshot the count may in theory stand where it stood.
const viewAge = time.Minute

// Lists returns what all lists hold. It reads them only if anything in Redis
// changed since the last read.
func (v *View) Lists(ctx context.Context) (Lists, error) {
	count, err := v.fleet.changes(ctx)
	if err != nil {
		return Lists{}, err
	}
	if count != "" && count == v.count && time.Since(v.read) < viewAge {
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

// changes returns a text that differs after every write to Redis, or "" if
// this Redis does not count. It is made of the number of changes since the last
// snapshot, when that was, and how many keys there are (Redis, "INFO", sections
// Persistence and Keyspace; several sections at once since Redis 7). The number
// of keys is for FLUSHALL, which sets the first back to 0 like any snapshot.
func (f *Fleet) changes(ctx context.Context) (string, error) {
	info, err := f.client.Info(ctx, "persistence", "keyspace").Result()
	if err != nil {
		return "", fmt.Errorf("asking Redis whether anything changed: %w", err)
	}
	var counts []string
	for line := range strings.Lines(info) {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "rdb_changes_since_last_save", "rdb_last_save_time", "db0":
			counts = append(counts, line)
		}
	}
	if !strings.Contains(info, "rdb_changes_since_last_save:") {
		return "", nil
	}
	return strings.Join(counts, ""), nil
}
