package deploy

import (
	"context"
	"strings"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/deploy/keptlog"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

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
	if process, err := d.docker.Process(ctx, release.ID); err == nil && process.ExitCode == health.Killed {
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

// removeContainer removes a container that has no requests, and forgets its server.
func (d *Deployer) removeContainer(ctx context.Context, release engine.Release) error {
	d.keepLog(ctx, release.ID, release.Revision)
	if err := d.docker.RemoveRelease(ctx, release.ID); err != nil {
		return err
	}
	return d.rotation.Forget(ctx, d.colour.server(release))
}

// keepLog keeps the log of a container that is about to be removed. If it fails
// it says so, but the container is removed all the same.
func (d *Deployer) keepLog(ctx context.Context, id, revision string) {
	if err := d.keptLogs().Keep(ctx, d.docker, id, revision); err != nil {
		d.out.line("warning: keeping the log of %s: %v", revision, err)
	}
}

func (d *Deployer) keptLogs() keptlog.Folder {
	return keptlog.In(d.ledger.Path(ledger.Logs), d.files)
}
