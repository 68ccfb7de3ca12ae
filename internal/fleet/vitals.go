package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Vitals is the state of the machine and the system's containers: an element of
// the journal vitals, JSON in one line. If the newest is old, infrastructure
// does not run.
type Vitals struct {
	At         time.Time            `json:"at"`
	Machine    Machine              `json:"machine"`
	Containers map[string]Container `json:"containers"` // by name
}

// Machine is the machine's memory, disk and pressure.
type Machine struct {
	Memory    int64              `json:"memory"`        // bytes
	Available int64              `json:"available"`     // bytes that a program could get
	Disk      int64              `json:"disk"`          // bytes, of the file system with Docker's data
	DiskFree  int64              `json:"diskFree"`      // bytes
	PSI       map[string]float64 `json:"psi,omitempty"` // percent of the last 10 s in which something waited for cpu, memory, io
}

// Container is the state of one container and, while it runs, its usage.
type Container struct {
	Service string  `json:"service,omitempty"` // of Compose
	Version string  `json:"version,omitempty"` // of a web server: identifies its code and settings
	State   string  `json:"state"`             // running, restarting, paused, exited, created, removing or dead
	Health  string  `json:"health,omitempty"`  // healthy, unhealthy or starting; empty without a check
	CPU     float64 `json:"cpu"`               // percent of one processor, since the element before
	Memory  int64   `json:"memory"`            // bytes
	Limit   int64   `json:"limit"`             // bytes; 0 if it was not measured
}

// vitalsLength is how many vitals are kept: five minutes.
const vitalsLength = 60

// fullScript adds to the journal of vitals where Redis is full: only a script
// whose first write needs memory is refused there (Redis, "Scripting with Lua",
// low-memory conditions).
//
//	KEYS  1 vitals
//	ARGV  1 the element  2 how many are kept
//	→ the length before it is trimmed
var fullScript = redis.NewScript(`
local length = redis.call('LLEN', KEYS[1]) + 1
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 2)
redis.call('LPUSH', KEYS[1], ARGV[1])
return length
`)

// RecordVitals adds to the journal of vitals.
func (f *Fleet) RecordVitals(ctx context.Context, vitals Vitals) error {
	element, err := json.Marshal(vitals)
	if err != nil {
		return fmt.Errorf("recording vitals: %w", err)
	}
	length, err := f.client.LPush(ctx, vitalsKey, element).Result()
	switch {
	case errors.Is(err, ErrOutOfMemory):
		length, err = fullScript.Run(ctx, f.client, []string{vitalsKey}, element, vitalsLength).Int64()
	case err == nil && length > vitalsLength:
		err = f.client.LTrim(ctx, vitalsKey, 0, vitalsLength-1).Err()
	}
	if err != nil {
		return fmt.Errorf("recording vitals: %w", err)
	}
	f.journalled.Add(1 + max(0, length-vitalsLength)) // each trimmed element counts as a change
	return nil
}
