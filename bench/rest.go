package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// restTime is how long the poller is watched doing nothing.
const restTime = 30 * time.Second

// measureRest tells what the system takes while nobody asks anything of it:
// the image's size, a spawned server's memory, the poller's processor time.
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
	poller, err := os.ReadFile(setting("LOCK_FILE"))
	if err != nil {
		return err
	}
	before, err := processorTime(strings.TrimSpace(string(poller)))
	if err != nil {
		return err
	}
	time.Sleep(restTime)
	after, err := processorTime(strings.TrimSpace(string(poller)))
	if err != nil {
		return err
	}
	server, err := command(ctx, "docker", "inspect", "--format", "{{.State.Pid}}", id)
	if err != nil {
		return err
	}
	memory, err := residentMemory(server)
	if err != nil {
		return err
	}
	bytes, _ := strconv.ParseFloat(size, 64)
	fmt.Printf("at rest\n  webapp image                 %8.1f MB  (goal: at most 25)\n"+
		"  resident memory of a server  %8.1f MB  (goal: at most 20)\n"+
		"  poller, of one core          %8.2f %%   (goal: below 1)\n",
		bytes/1e6, memory/1e6, 100*(after-before).Seconds()/restTime.Seconds())
	return destroyAll(ctx)
}

// residentMemory reads VmRSS, in bytes (proc_pid_status(5), in units of 1024).
func residentMemory(pid string) (float64, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), "VmRSS:")
	if !found {
		return 0, fmt.Errorf("no VmRSS in /proc/%s/status", pid)
	}
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kilobytes * 1024, err
}

// clockTick is the unit of processor time in /proc: 1/100 s on Linux.
const clockTick = 10 * time.Millisecond

// processorTime reads user and system time (proc_pid_stat(5), fields 14, 15).
func processorTime(pid string) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:]) // the name before it may hold blanks
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, err
}
