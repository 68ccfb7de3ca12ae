package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Vitals is how the machine and the system's containers do: an element of the
// journal vitals, JSON in one line. That the newest is old means that no
// infrastructure runs.
type Vitals struct {
	At         time.Time            `json:"at"`
	Machine    Machine              `json:"machine"`
	Containers map[string]Container `json:"containers"` // by name
}

// Machine is the machine's memory, disk and pressure.
type Machine struct {
	Memory    int64              `json:"memory"`        // bytes
	Available int64              `json:"available"`     // bytes of it that a program could get
	Disk      int64              `json:"disk"`          // bytes, of the file system with Docker's data
	DiskFree  int64              `json:"diskFree"`      // bytes of it
	PSI       map[string]float64 `json:"psi,omitempty"` // percent of the last 10 s in which something waited for cpu, memory, io
}

// Container is how one container is and, while it runs, what it uses.
type Container struct {
	Service string  `json:"service,omitempty"` // of Compose
	Version string  `json:"version,omitempty"` // of a web server: tells apart the code and settings that servers run
	State   string  `json:"state"`             // running, restarting, paused, exited, created, removing or dead
	Health  string  `json:"health,omitempty"`  // healthy, unhealthy or starting; none without a check
	CPU     float64 `json:"cpu"`               // percent of one processor, since the element before
	Memory  int64   `json:"memory"`            // bytes
	Limit   int64   `json:"limit"`             // bytes; 0 if it was not measured
}

// vitalsLength is how many vitals are kept: five minutes of them.
const vitalsLength = 60

// RecordVitals adds to the journal of vitals.
func (f *Fleet) RecordVitals(ctx context.Context, vitals Vitals) error {
	element, err := json.Marshal(vitals)
	if err != nil {
		return fmt.Errorf("recording vitals: %w", err)
	}
	length, err := f.client.LPush(ctx, vitalsKey, element).Result()
	if err == nil {
		f.journalled.Add(1)
	}
	if err == nil && length > vitalsLength {
		err = f.client.LTrim(ctx, vitalsKey, 0, vitalsLength-1).Err()
	}
	if err != nil {
		return fmt.Errorf("recording vitals: %w", err)
	}
	f.journalled.Add(max(0, length-vitalsLength)) // each element that goes is a change
	return nil
}
