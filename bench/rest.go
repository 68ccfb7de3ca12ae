package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"deux/bench/load"
)

// restTime is how long the idle poller is watched.
const restTime = 30 * time.Second

// measureRest reports what the system takes at rest: the image's size, a
// spawned server's memory, the poller's processor time.
func measureRest(ctx context.Context) error {
	if err := spawn(ctx, 1); err != nil {
		return err
	}
	ids, err := command(ctx, "docker", "ps", "--quiet",
		"--filter", "label=deux.fleet="+setting("FLEET"), "--filter", "label=deux.role=server")
	if err != nil {
		return err
	}
	id := strings.Fields(ids)[0]
	size, err := command(ctx, "docker", "inspect", "--format", "{{.Image}}", id)
	if err == nil {
		size, err = command(ctx, "docker", "image", "inspect", "--format", "{{.Size}}", size)
	}
	if err != nil {
		return err
	}
	poller, err := pollerAtRest()
	if err != nil {
		return err
	}
	server, err := containerProcess(ctx, id)
	if err != nil {
		return err
	}
	memory, err := load.ResidentMemory(server)
	if err != nil {
		return err
	}
	bytes, _ := strconv.ParseFloat(size, 64)
	fmt.Printf("at rest\n  webapp image                 %8.1f MB  (goal: at most 25)\n"+
		"  resident memory of a server  %8.1f MB  (goal: at most 20)\n"+
		"  poller, of one core          %8.2f %%   (goal: below 1)\n",
		bytes/1e6, memory/1e6, poller)
	return destroyAll(ctx)
}

// pollerAtRest returns the processor time of the poller while there is nothing to
// do, in percent of a core.
func pollerAtRest() (float64, error) {
	content, err := os.ReadFile(setting("LOCK_FILE"))
	if err != nil {
		return 0, err
	}
	poller, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, err
	}
	before, err := load.ProcessorTime(poller)
	if err != nil {
		return 0, err
	}
	time.Sleep(restTime)
	after, err := load.ProcessorTime(poller)
	return 100 * (after - before).Seconds() / restTime.Seconds(), err
}

// containerProcess returns the first process of a container, as the host
// numbers it.
func containerProcess(ctx context.Context, container string) (int, error) {
	pid, err := command(ctx, "docker", "inspect", "--format", "{{.State.Pid}}", container)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(pid)
}
