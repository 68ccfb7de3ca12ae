package infrastructure

import (
	"context"
	"fmt"
	"time"

	"deux/internal/program"
)

// moods are how a fakeDocker misbehaves.
type moods struct {
	builds  time.Duration // how long an image takes
	removal time.Duration // how long a container that has stopped is still there
	taken   string        // image whose next start fails because its container's name is in use
	lags    bool          // whether a list of containers is what it was at the last time

	busy int // removals and scripts under way
}

// isBusy reports whether anything is under way that nobody may wait for.
func (d *fakeDocker) isBusy() (busy bool) {
	d.locked(func() { busy = d.busy > 0 })
	return busy
}

// lockScript waits for the end of another script at the container, which may
// be one whose poller was killed.
func (d *fakeDocker) lockScript(ctx context.Context, container string) (release func(), err error) {
	for got := false; !got; {
		d.locked(func() {
			if got = !d.scripts[container]; got {
				d.scripts[container] = true
				d.busy++
			}
		})
		if !got && !program.Sleep(ctx, time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	return func() {
		d.locked(func() { d.scripts[container] = false; d.busy-- })
	}, nil
}

// build makes an image. The start that follows it may find the name in use.
func (d *fakeDocker) build(ctx context.Context, image string) (err error) {
	if d.builds > 0 && !program.Sleep(ctx, d.builds) {
		return ctx.Err()
	}
	d.locked(func() {
		d.images[image] = true
		if d.taken == image {
			d.taken = ""
			err = fmt.Errorf(`Conflict. The container name "/%s_app" is already in use`, image)
		}
	})
	return err
}

// removeContainer waits until Docker has removed the container, or ctx ends:
// Docker does not stop for that. Somebody else's removal is not waited for.
func (d *fakeDocker) removeContainer(ctx context.Context, name string) (err error) {
	removed := make(chan struct{})
	d.locked(func() {
		_, exists := d.running[name]
		switch {
		case d.removing[name]:
			err = fmt.Errorf("removal of container %s is already in progress", name)
		case !exists:
			close(removed)
		default:
			d.removing[name] = true
			d.busy++
			go d.finishRemoval(name, removed)
		}
	})
	if err != nil {
		return err
	}
	select {
	case <-removed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AwaitRemoval waits for a removal that somebody else began.
func (d *fakeDocker) AwaitRemoval(ctx context.Context, name string) error {
	for isUnderWay := true; isUnderWay; {
		d.locked(func() { isUnderWay = d.removing[name] })
		if isUnderWay && !program.Sleep(ctx, time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

func (d *fakeDocker) finishRemoval(name string, removed chan struct{}) {
	time.Sleep(d.removal)
	d.locked(func() {
		delete(d.running, name)
		delete(d.removing, name)
		d.busy--
	})
	close(removed)
}
