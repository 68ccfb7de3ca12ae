package deploy

import (
	"context"
	"time"

	"deux/internal/engine"
	"deux/internal/program"
)

// followPause is how long a follower waits for the next release.
const followPause = 250 * time.Millisecond

// follower writes what the app prints, release after release.
type follower struct {
	*Deployer
	query  LogQuery
	last   engine.Release // that ran
	named  bool           // and nothing has been written since its name
	warned string         // since then
}

// follow goes on until ctx ends.
func (f *follower) follow(ctx context.Context) error {
	for {
		release, runs, err := f.running(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if runs && release.Running {
			f.write(ctx, release)
		}
		if !program.Sleep(ctx, followPause) {
			return nil
		}
	}
}

// write writes the log of the release that runs until it ends. Docker may have
// none (dockerd(8), --log-driver), and start the same container again: neither is
// said twice in a row.
func (f *follower) write(ctx context.Context, release engine.Release) {
	isNext := release.ID != f.last.ID
	if isNext && f.last.ID != "" {
		f.query.Since = time.Time{}
	}
	if isNext || !f.named {
		f.nameRunning(release)
		f.named, f.warned = true, ""
	}
	f.last = release
	wrote, err := f.writeRunning(ctx, f.query, release)
	if wrote {
		f.named, f.warned = false, ""
	}
	if err != nil && ctx.Err() == nil && err.Error() != f.warned {
		f.out.line("warning: %v", err)
		f.warned = err.Error()
	}
	f.query.Since = time.Now() // in case Docker starts the same container again
}
