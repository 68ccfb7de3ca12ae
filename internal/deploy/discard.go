package deploy

import (
	"context"
	"time"

	"deux/internal/deploy/ledger"
)

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
