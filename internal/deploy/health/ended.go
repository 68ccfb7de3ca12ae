package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"deux/internal/engine"
	"deux/internal/program"
)

// Killed is the exit code of a process that SIGKILL ended (128 + 9).
const Killed = 137

// errMemory means that a container ended because of its memory limit.
var errMemory = errors.New("it was killed for exceeding its memory limit")

// Ended returns why a container that should have kept running ended.
func Ended(state engine.State) error {
	if state.Memory {
		return errMemory
	}
	return exitError(state.ExitCode)
}

// exitError is the exit code of a container that should have kept running.
type exitError int

func (e exitError) Error() string {
	return fmt.Sprintf("the container ended with exit code %d", int(e))
}

// Explain returns err, or what to do about it if it is that the container ended
// because of its memory limit, given as the setting with its value.
func Explain(ctx context.Context, docker Docker, id string, err error, limit string) error {
	exit, ended := errors.AsType[exitError](err)
	if errors.Is(err, errMemory) || ended && exit == Killed && killedForMemory(ctx, docker, id) {
		return fmt.Errorf("the app was killed for using more than %s: raise that in .env, then make up, or have it use less", limit)
	}
	return err
}

// noticeLooks and noticePause are how long Docker may take to hear from the
// kernel why a process was killed: the news takes another way than the end of
// the process, and on a busy host arrives after it.
const (
	noticeLooks = 12
	noticePause = 250 * time.Millisecond
)

// killedForMemory reports whether Docker says so, now or in a moment.
func killedForMemory(ctx context.Context, docker Docker, id string) bool {
	for range noticeLooks {
		if _, kills := MemoryKills(ctx, docker, id); kills > 0 {
			return true
		}
		if !program.Sleep(ctx, noticePause) {
			return false
		}
	}
	return false
}

// MemoryKills returns how many processes of a container were killed in the last
// day because of its memory limit, and when the last one was.
func MemoryKills(ctx context.Context, docker Docker, id string) (last time.Time, kills int) {
	return docker.MemoryKills(ctx, id, time.Now().Add(-24*time.Hour))
}
