package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// Usage is the state of a container of the system and, while it runs, its usage.
type Usage struct {
	ID      string
	Name    string
	Service string    // of Compose; empty for any other
	Version string    // its VersionLabel; empty unless it is a spawned server
	State   string    // one of the States
	Health  string    // healthy, unhealthy or starting; empty without a HEALTHCHECK, or while it does not run
	Created time.Time // to the second, cut off

	CPU    time.Duration // processor time since it started
	Memory int64         // bytes, without the file cache that the kernel could drop
	Limit  int64         // bytes; the machine's memory if it has no limit; 0 if it was not measured
}

// Usages returns the state and usage of each container of the system. One that
// ends meanwhile has no limit.
func (e *Engine) Usages(ctx context.Context) ([]Usage, error) {
	all, err := e.Containers(ctx)
	if err != nil {
		return nil, err
	}
	e.measure(ctx, all)
	return all, ctx.Err()
}

// Containers returns the state of each container of the system, running or not:
// Compose's services, spawned servers and releases. It does not ask for their
// usage.
func (e *Engine) Containers(ctx context.Context) (all []Usage, err error) {
	for _, label := range []string{composeProject, FleetLabel} {
		found, err := e.docker.ContainerList(ctx, container.ListOptions{
			All: true, Filters: filters.NewArgs(filters.Arg("label", label+"="+e.fleet))})
		if err != nil {
			return nil, fmt.Errorf("listing containers: %w", err)
		}
		for _, summary := range found {
			all = append(all, usageOf(summary))
		}
	}
	return all, nil
}

// usageOf returns what a listing says about a container.
func usageOf(summary container.Summary) Usage {
	usage := Usage{ID: summary.ID, State: string(summary.State), Health: healthOf(summary.Status), Version: summary.Labels[VersionLabel],
		Created: time.Unix(summary.Created, 0)}
	if len(summary.Names) > 0 {
		usage.Name = summary.Names[0][1:] // Docker writes a slash first
	}
	if summary.Labels[composeOneOff] != "True" {
		usage.Service = summary.Labels[composeService]
	}
	return usage
}

// healthOf reads the health from what docker ps shows, such as "Up 5 minutes
// (unhealthy)": inspecting each container would cost one more request. The only
// other text in brackets that Docker writes after "Up" is "(Paused)".
func healthOf(status string) string {
	_, bracket, _ := strings.Cut(status, "(")
	switch health := strings.TrimPrefix(strings.TrimSuffix(bracket, ")"), "health: "); health {
	case string(container.Healthy), string(container.Unhealthy), string(container.Starting):
		return health
	}
	return ""
}

// measure fills in the usage of the containers that run.
func (e *Engine) measure(ctx context.Context, all []Usage) {
	var asking sync.WaitGroup
	for i := range all {
		if all[i].State == StateRunning || all[i].State == StatePaused {
			asking.Go(func() { e.measureOne(ctx, &all[i]) })
		}
	}
	asking.Wait()
}

// measureOne asks for one sample: for two, Docker would wait a second.
func (e *Engine) measureOne(ctx context.Context, usage *Usage) {
	answer, err := e.docker.ContainerStatsOneShot(ctx, usage.ID)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	var stats container.StatsResponse
	if json.NewDecoder(answer.Body).Decode(&stats) != nil {
		return
	}
	usage.CPU = time.Duration(stats.CPUStats.CPUUsage.TotalUsage)
	usage.Memory = withoutFiles(stats.MemoryStats)
	usage.Limit = int64(stats.MemoryStats.Limit)
}

// withoutFiles subtracts cached files that were read once and not again, as
// docker stats does: the kernel counts them, and drops them first. Their name
// differs between cgroup v1 and v2 (Docker, "docker container stats").
func withoutFiles(memory container.MemoryStats) int64 {
	files, v1 := memory.Stats["total_inactive_file"]
	if !v1 {
		files = memory.Stats["inactive_file"]
	}
	return int64(memory.Usage - min(files, memory.Usage))
}

// DataDir returns the host folder in which Docker keeps its data.
func (e *Engine) DataDir(ctx context.Context) (string, error) {
	info, err := e.docker.Info(ctx)
	if err != nil {
		return "", fmt.Errorf("asking Docker for its folder: %w", err)
	}
	return info.DockerRootDir, nil
}
