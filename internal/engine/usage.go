package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// Usage is what a running container of the system uses.
type Usage struct {
	ID     string
	Name   string
	CPU    time.Duration // of processors, since it started
	Memory int64         // bytes, without what the kernel could drop of files
	Limit  int64         // bytes; the machine's memory when it has none of its own
}

// Usages returns what each running container of the system uses: Compose's
// services, spawned servers and releases. One that ends meanwhile is left out.
func (e *Engine) Usages(ctx context.Context) ([]Usage, error) {
	var running []container.Summary
	for _, label := range []string{composeProject, FleetLabel} {
		found, err := e.docker.ContainerList(ctx, container.ListOptions{
			Filters: filters.NewArgs(filters.Arg("label", label+"="+e.fleet))})
		if err != nil {
			return nil, fmt.Errorf("listing containers: %w", err)
		}
		running = append(running, found...)
	}
	usages := make([]Usage, len(running))
	failures := make([]error, len(running))
	var asking sync.WaitGroup
	for i, summary := range running {
		asking.Go(func() { usages[i], failures[i] = e.usage(ctx, summary) })
	}
	asking.Wait()
	var all []Usage
	for i, usage := range usages {
		if failures[i] == nil && usage.Limit > 0 {
			all = append(all, usage)
		}
	}
	return all, ctx.Err()
}

// usage asks once: Docker would otherwise wait a second for a second sample.
func (e *Engine) usage(ctx context.Context, summary container.Summary) (Usage, error) {
	answer, err := e.docker.ContainerStatsOneShot(ctx, summary.ID)
	if err != nil {
		return Usage{}, fmt.Errorf("asking what a container uses: %w", err)
	}
	defer answer.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil {
		return Usage{}, fmt.Errorf("asking what a container uses: %w", err)
	}
	return Usage{
		ID:     summary.ID,
		Name:   summary.Names[0][1:], // Docker writes a slash first
		CPU:    time.Duration(stats.CPUStats.CPUUsage.TotalUsage),
		Memory: withoutFiles(stats.MemoryStats),
		Limit:  int64(stats.MemoryStats.Limit),
	}, nil
}

// withoutFiles takes off the files that were read once and not again, as docker
// stats does: the kernel counts them, and drops them first. Their name differs
// between cgroup v1 and v2 (Docker, "docker container stats").
func withoutFiles(memory container.MemoryStats) int64 {
	files, v1 := memory.Stats["total_inactive_file"]
	if !v1 {
		files = memory.Stats["inactive_file"]
	}
	return int64(memory.Usage - min(files, memory.Usage))
}

// DataDir returns the folder of the host in which Docker keeps its data.
func (e *Engine) DataDir(ctx context.Context) (string, error) {
	info, err := e.docker.Info(ctx)
	if err != nil {
		return "", fmt.Errorf("asking Docker for its folder: %w", err)
	}
	return info.DockerRootDir, nil
}
