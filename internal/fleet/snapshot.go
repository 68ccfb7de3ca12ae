package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Depth says how many entries of the long journals a Snapshot holds, newest
// first. 0 means all.
type Depth struct {
	Events int // of the system
	Loads  int // seconds of each pool
}

// Snapshot is everything there is to see of a system at one moment. Elements of
// a journal that are not entries are left out.
type Snapshot struct {
	Lists
	Events  []Event           // newest first
	Loads   map[string][]Load // by pool, newest first
	Deploys map[string][]Step // by colour, newest first
	Vitals  Vitals            // the newest; At is zero if there are none
	Seen    time.Time         // when the containers in Vitals were looked at
	Recent  []string          // the URLs visited last, newest first
	Images  int64             // pictures waiting to be seen
	Memory  Memory            // of Redis
}

// Snapshot reads all lists at once.
func (f *Fleet) Snapshot(ctx context.Context, depth Depth) (Snapshot, error) {
	var lists reads
	var images *redis.IntCmd
	var memory *redis.StringCmd
	err := f.atOnce(ctx, func(tx redis.Pipeliner) error {
		lists = readLists(ctx, tx)
		lists.add(ctx, tx, eventsKey, depth.Events)
		lists.add(ctx, tx, vitalsKey, 1)
		lists.add(ctx, tx, recentKey, recentLength)
		for _, keys := range rotations {
			lists.add(ctx, tx, keys.load, depth.Loads)
		}
		for _, key := range deployKeys {
			lists.add(ctx, tx, key, deployLength)
		}
		images, memory = tx.LLen(ctx, imagesKey), tx.Info(ctx, "memory")
		return nil
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading all lists: %w", err)
	}
	return lists.snapshot(f.Site, images.Val(), memoryOf(memory.Val())), nil
}

// snapshot makes a Snapshot of the lists that were read.
func (r reads) snapshot(site Site, images int64, memory Memory) Snapshot {
	s := Snapshot{
		Lists:   r.lists(site),
		Events:  entries[Event](r[eventsKey].Val()),
		Loads:   make(map[string][]Load),
		Deploys: make(map[string][]Step),
		Recent:  r[recentKey].Val(),
		Images:  images,
		Memory:  memory,
	}
	for _, keys := range rotations {
		s.Loads[keys.pool] = entries[Load](r[keys.load].Val())
	}
	for colour, key := range deployKeys {
		s.Deploys[colour] = entries[Step](r[key].Val())
	}
	if vitals := entries[Vitals](r[vitalsKey].Val()); len(vitals) > 0 {
		s.Vitals, s.Seen = vitals[0], vitals[0].At
	}
	return s
}
