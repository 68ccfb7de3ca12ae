package infrastructure

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// vitalsInterval is the time between two looks at what the containers use: one
// sweep serves all readers.
const vitalsInterval = 5 * time.Second

// usages is Docker, as far as vitals need it.
type usages interface {
	Usages(ctx context.Context) ([]engine.Usage, error)
	DataDir(ctx context.Context) (string, error)
}

// vitals measures the machine and the containers. Docker reports how much
// processor time a container has used since its start, so two looks make a
// percentage.
type vitals struct {
	docker  usages
	version func(context.Context) (string, error) // of the first server, which has no label; may be nil
	proc    string                                // the proc file system
	dir     string                                // of Docker's data, once known
	last    map[string]time.Duration
	at      time.Time
}

func newVitals(docker usages) *vitals { return &vitals{docker: docker, proc: "/proc"} }

// vitalsLoop records the vitals until ctx ends, which also shows that a poller
// is at work.
func (p *Poller) vitalsLoop(ctx context.Context) {
	watch := newVitals(p.docker)
	watch.version = p.version
	ticker := time.NewTicker(vitalsInterval)
	defer ticker.Stop()
	for {
		now, err := watch.look(ctx, time.Now())
		if err == nil {
			err = p.fleet.RecordVitals(ctx, now)
		}
		p.complaints.report("writing the vitals", err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look returns the vitals at a moment.
func (v *vitals) look(ctx context.Context, now time.Time) (fleet.Vitals, error) {
	used, err := v.docker.Usages(ctx)
	if err != nil {
		return fleet.Vitals{}, err
	}
	if v.dir == "" {
		if v.dir, err = v.docker.DataDir(ctx); err != nil {
			return fleet.Vitals{}, err
		}
	}
	found := fleet.Vitals{At: now.UTC().Truncate(time.Millisecond), Machine: v.machine(), Containers: make(map[string]fleet.Container)}
	first := v.firstVersion(ctx)
	spent := make(map[string]time.Duration)
	for _, usage := range used {
		if usage.Limit > 0 {
			spent[usage.ID] = usage.CPU
		}
		version := usage.Version
		if usage.Service == fleet.FirstService {
			version = first
		}
		found.Containers[usage.Name] = fleet.Container{
			Service: usage.Service, Version: version, State: usage.State, Health: usage.Health,
			CPU: v.percent(usage, now), Memory: usage.Memory, Limit: usage.Limit}
	}
	v.last, v.at = spent, now
	return found, nil
}

// firstVersion returns the version of the first server, or "" if it is not
// known now.
func (v *vitals) firstVersion(ctx context.Context) string {
	if v.version == nil {
		return ""
	}
	version, _ := v.version(ctx)
	return version
}

// percent returns how much of one processor the container had since the last
// look; 0 at the first.
func (v *vitals) percent(usage engine.Usage, now time.Time) float64 {
	before, known := v.last[usage.ID]
	if !known || !now.After(v.at) || usage.CPU < before {
		return 0
	}
	return math.Round(1000*float64(usage.CPU-before)/float64(now.Sub(v.at))) / 10
}

// machine returns what the kernel reports. What it does not report is 0.
func (v *vitals) machine() fleet.Machine {
	memory := v.memory()
	found := fleet.Machine{Memory: memory["MemTotal"], Available: memory["MemAvailable"], PSI: v.pressure()}
	var disk syscall.Statfs_t
	if syscall.Statfs(v.dir, &disk) == nil {
		found.Disk, found.DiskFree = int64(disk.Blocks)*disk.Bsize, int64(disk.Bavail)*disk.Bsize
	}
	return found
}

// memory reads proc_meminfo(5): NAME: N kB.
func (v *vitals) memory() map[string]int64 {
	content, _ := os.ReadFile(filepath.Join(v.proc, "meminfo"))
	found := make(map[string]int64)
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(line, ":")
		var kilobytes int64
		if _, err := fmt.Sscan(value, &kilobytes); err == nil {
			found[name] = kilobytes << 10
		}
	}
	return found
}

// pressure reads how long something waited for a resource (kernel, "PSI -
// Pressure Stall Information"): some avg10=PERCENT …. A kernel without it has
// no such files.
func (v *vitals) pressure() map[string]float64 {
	found := make(map[string]float64)
	for _, resource := range []string{"cpu", "memory", "io"} {
		content, _ := os.ReadFile(filepath.Join(v.proc, "pressure", resource))
		var percent float64
		if _, err := fmt.Sscanf(string(content), "some avg10=%f", &percent); err == nil {
			found[resource] = percent
		}
	}
	return found
}
