package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"deux/internal/engine"
	"deux/internal/program"
)

// errMemory means that a container ended because of its memory limit.
var errMemory = errors.New("it was killed for exceeding its memory limit")

// ended returns why a container ended.
func ended(state engine.State) error {
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

// explainMemory names the setting of the memory limit if a container ended
// because of it.
func (d *Deployer) explainMemory(ctx context.Context, id string, err error) error {
	exit, ended := errors.AsType[exitError](err)
	if errors.Is(err, errMemory) || ended && exit == killed && d.killedForMemory(ctx, id) {
		return fmt.Errorf("the app was killed for using more than %s: raise that in .env, then make up, or have it use less", d.colour.memoryName())
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
func (d *Deployer) killedForMemory(ctx context.Context, id string) bool {
	for range noticeLooks {
		if _, kills := d.docker.MemoryKills(ctx, id, time.Now().Add(-memoryKillsWithin)); kills > 0 {
			return true
		}
		if !program.Sleep(ctx, noticePause) {
			return false
		}
	}
	return false
}

// memoryKillsWithin is how far back status looks.
const memoryKillsWithin = 24 * time.Hour

// memoryStatus says when the app was killed for exceeding its memory limit.
func (d *Deployer) memoryStatus(ctx context.Context, id string) {
	if last, kills := d.docker.MemoryKills(ctx, id, time.Now().Add(-memoryKillsWithin)); kills > 0 {
		d.out.line("  memory     processes killed in the last day for using more than %s: %d, the last at %s",
			d.colour.memoryName(), kills, last.UTC().Format(time.RFC3339))
	}
}
