package deploy

import (
	"context"
	"strings"
	"time"

	"deux/internal/engine"
)

// killed is the exit code of a process that SIGKILL ended (128 + 9).
const killed = 137

// stop ends a release's container with its grace, and says so if that was not
// enough: the push took that much longer, and what the app still had to write is
// lost.
func (d *Deployer) stop(ctx context.Context, release engine.Release) error {
	start := time.Now()
	if err := d.docker.Stop(ctx, release.ID, d.config.StopGrace); err != nil {
		return err
	}
	if !release.Running || time.Since(start) < d.config.StopGrace {
		return nil
	}
	if process, err := d.docker.Process(ctx, release.ID); err == nil && process.ExitCode == killed {
		d.out.line("It did not end within %v of %s (STOP_GRACE_SECONDS) and was killed: %s ignores the signal, or takes longer",
			d.config.StopGrace, process.Signal, short(process.Command))
	}
	return nil
}

// short returns a command on one line of limited length.
func short(command []string) string {
	text := []rune(oneLine(strings.Join(command, " ")))
	if len(text) > 60 {
		text = append(text[:60], '…')
	}
	return string(text)
}
