package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
)

// silentDocker does not answer at first, and then does: it restarts.
type silentDocker struct{ docker }

func (silentDocker) Ping(context.Context) error { return errors.New("no answer") }

// silentRedis is the same of Redis.
type silentRedis struct{ lists }

func (silentRedis) Ping(context.Context) error { return errors.New("no answer") }

// watch is the watcher of the push under way.
func watch(ctx context.Context, d *Deployer) error {
	p, _ := d.ledger.UnderWay()
	return d.SettleLater(ctx, p.Git.String())
}

// watchOnce is a watcher that is told to end, so that it does not try again.
func watchOnce(ctx context.Context, d *Deployer) error {
	ctx, end := context.WithCancel(ctx)
	end()
	return watch(ctx, d)
}

func heal(ctx context.Context, d *Deployer) error { return d.Heal(ctx) }

func TestPrepare_SettlesNothingWhileDockerOrRedisIsAway(t *testing.T) {
	w := newWorld(t)
	seen := &fate{at: never}
	_ = w.again(nil).pushLast(seen)
	started := slices.IndexFunc(seen.passed, func(p point) bool { return p.what == "docker run" })
	_ = w.pushLast(&fate{at: started, turn: diesAfter})
	for _, what := range []struct {
		away string
		do   command
	}{
		{"Docker", watchOnce}, {"Redis", watchOnce}, {"Docker", restore}, {"Redis", restore},
		{"Docker", rollback}, {"Redis", rollback}, {"Docker", configure}, {"Redis", configure},
		{"Docker", heal}, {"Redis", heal},
	} {
		err := w.alone(&fate{at: never}, func(ctx context.Context, d *Deployer) error {
			if what.away == "Docker" {
				d.docker = silentDocker{d.docker}
			} else {
				d.lists = silentRedis{d.lists}
			}
			return what.do(ctx, d)
		})
		if err == nil || !strings.HasPrefix(err.Error(), "no answer from "+what.away) {
			t.Errorf("without %s: got %v, want that it is away", what.away, err)
		}
		if _, under := ledger.At(w.colour.git).UnderWay(); !under || len(w.daemon.boxes) != 2 {
			t.Fatalf("without %s: got %d containers, under way: %v, want both as the dead push left them", what.away, len(w.daemon.boxes), under)
		}
	}
}
