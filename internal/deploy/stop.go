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

// cleanUpTimeout bounds the clean-up after a failure.
const cleanUpTimeout = time.Minute

// logLines is how many lines of a failed release's log its pusher sees.
const logLines = 50

// showLog writes the end of the candidate's log.
func (d *Deployer) showLog(ctx context.Context, p *ledger.Deployment) {
	if p.Container != "" {
		d.out.line("Last %d lines of its log:", logLines)
		_ = d.docker.Logs(ctx, p.Container, logLines, false, d.out)
	}
}

// discard removes the candidate with its image, and the volumes that were made for
// it.
func (d *Deployer) discard(ctx context.Context, p *ledger.Deployment) {
	if err := d.discardContainer(ctx, p); err != nil {
		d.out.line("warning: %v", err)
	}
	d.dropVolumes(ctx, p)
	running, _ := d.ledger.Current()
	_ = d.prune(ctx, running) // the next prune finds what this one leaves
}

// dropVolumes removes the volumes that were made for a candidate which never had
// requests: what it wrote is nobody's data, and may be half of it.
func (d *Deployer) dropVolumes(ctx context.Context, p *ledger.Deployment) {
	if last, _ := d.ledger.Current(); p.Container != "" && p.Container == last.Container {
		return
	}
	if err := d.volumes().Drop(ctx, p); err != nil {
		d.out.line("warning: %v", err)
	}
}

// discardContainer removes the candidate, even if Docker's answer with its id was
// lost: a volume that it mounts could not go.
func (d *Deployer) discardContainer(ctx context.Context, p *ledger.Deployment) error {
	if p.Container == "" && len(p.Volumes) > 0 {
		return d.removeLeftovers(ctx, "")
	}
	if p.Container == "" {
		return nil
	}
	d.keepLog(ctx, p.Container, p.Revision)
	return d.docker.RemoveRelease(ctx, p.Container)
}
