package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"deux/internal/engine"
)

// errMemory means that a container ended because of its memory limit.
var errMemory = errors.New("it was killed for using more memory than it may")

// ended is why a container that has ended is not healthy.
func ended(state engine.State) error {
	if state.Memory {
		return errMemory
	}
	return fmt.Errorf("the container ended with exit code %d", state.ExitCode)
}

// explainMemory names the setting of a limit that was the reason.
func (d *Deployer) explainMemory(err error) error {
	if errors.Is(err, errMemory) {
		return fmt.Errorf("the app was killed for using more than %s: raise that in .env, then make up, or have it use less", d.colour.memoryName())
	}
	return err
}

// memoryKillsWithin is how far back status looks.
const memoryKillsWithin = 24 * time.Hour

// memoryStatus says when the app was killed for its memory.
func (d *Deployer) memoryStatus(ctx context.Context, id string) {
	if last, kills := d.engine.MemoryKills(ctx, id, time.Now().Add(-memoryKillsWithin)); kills > 0 {
		d.out.line("  memory     a process was killed for using more than %s, %d times in a day, last %s",
			d.colour.memoryName(), kills, last.UTC().Format(time.RFC3339))
	}
}
