package deploy

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/ledger"
)

// The watcher of a push must not touch what another process works on.
func TestSettleLater_LeavesWhatLives(t *testing.T) {
	w := pushedWorld(t)
	first, endFirst := startProcess()
	second, endSecond := startProcess()
	defer endSecond()
	d := w.process(undisturbed(), first)
	save := func(git ledger.Process) {
		if err := w.ledger().Save(&ledger.Deployment{Record: ledger.Record{Revision: w.revisions[2]}, Git: git}); err != nil {
			t.Error(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		save(first)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := d.SettleLater(ctx, first.String()); err != nil || ctx.Err() == nil {
			t.Errorf("while its git lives: got %v, want it to wait until it is told to end", err)
		}
	})
	save(second)
	endFirst()
	if err := d.SettleLater(t.Context(), first.String()); err != nil {
		t.Errorf("after another push took over: got %v, want nothing to do", err)
	}
	if _, under := w.ledger().UnderWay(); !under || len(d.docker.(fatedDocker).fate.passed) > 0 {
		t.Errorf("got under way: %v, after %v, want nothing touched", under, d.docker.(fatedDocker).fate.passed)
	}
}

func TestSettleLater_SettlesWhatItsGitLeft(t *testing.T) {
	w := pushedWorld(t)
	git, end := startProcess()
	if err := w.process(undisturbed(), git).Update(t.Context(), mainRef, w.revisions[1], w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	end()
	if err := alive(watch)(w); err != nil {
		t.Fatal(err)
	}
	w.wantServing("settled", w.revisions[1])
	w.out.Reset()
	if err := alive(watch)(w); err != nil || w.said() != "" {
		t.Errorf("where nothing is under way: got %v and %q, want nothing", err, w.said())
	}
}

// late fails as often as is left.
type late struct{ left *int }

func (l late) fails() error {
	if *l.left == 0 {
		return nil
	}
	*l.left--
	return errNoLuck
}

// lateDocker is a Docker of which one thing fails at first.
type lateDocker struct {
	docker
	ping, keep, remove late
}

func (l lateDocker) Ping(ctx context.Context) error {
	if err := l.ping.fails(); err != nil {
		return err
	}
	return l.docker.Ping(ctx)
}

func (l lateDocker) Keep(ctx context.Context, id string) error {
	if err := l.keep.fails(); err != nil {
		return err
	}
	return l.docker.Keep(ctx, id)
}

func (l lateDocker) RemoveRelease(ctx context.Context, id string) error {
	if err := l.remove.fails(); err != nil {
		return err
	}
	return l.docker.RemoveRelease(ctx, id)
}

// lateRedis is the same of Redis.
type lateRedis struct {
	lists
	ping late
}

func (l lateRedis) Ping(ctx context.Context) error {
	if err := l.ping.fails(); err != nil {
		return err
	}
	return l.lists.Ping(ctx)
}

// Nobody else comes for what a dead push left.
func TestSettleLater_TriesAgainUntilItIsDone(t *testing.T) {
	two, none := func() late { n := 2; return late{&n} }, func() late { return late{new(int)} }
	for name, meets := range map[string]func(*Deployer){
		"Docker is away":                     func(d *Deployer) { d.docker = lateDocker{d.docker, two(), none(), none()} },
		"Redis is away":                      func(d *Deployer) { d.lists = lateRedis{d.lists, two()} },
		"Docker does not keep the candidate": func(d *Deployer) { d.docker = lateDocker{d.docker, none(), two(), none()} },
		"Docker does not remove":             func(d *Deployer) { d.docker = lateDocker{d.docker, none(), none(), two()} },
	} {
		t.Run(name, func(t *testing.T) {
			w := pushedWorld(t)
			if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
				t.Fatal(err)
			}
			want := w.revisions[1]
			if strings.Contains(name, "keep") {
				want = w.revisions[2]
				w.move(mainRef, want)
			}
			w.meets = meets
			if err := alive(watch)(w); err != nil {
				t.Fatalf("got %v\n%s", err, w.out)
			}
			w.wantServing("settled", want)
		})
	}
}

// While the watcher waits, nobody waits for it, and who comes first settles.
func TestSettleLater_EndsWhenThereIsNothingLeftToSettle(t *testing.T) {
	for _, test := range []struct {
		name  string
		comes func(*world) error
		err   string
	}{
		{"another push", func(w *world) error {
			return w.ledger().Save(&ledger.Deployment{Record: ledger.Record{Revision: w.revisions[2]}, Git: ledger.ProcessOf(os.Getpid())})
		}, ""},
		{"the repositories are removed", func(w *world) error { return os.RemoveAll(w.config.Dir) }, "make deploy-init makes it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			if err := w.update(mainRef, w.revisions[1], w.revisions[2]); err != nil {
				t.Fatal(err)
			}
			w.with(func(d *Deployer) { d.docker = silentDocker{d.docker} })
			d := w.process(undisturbed(), ledger.Process{})
			synctest.Test(t, func(t *testing.T) {
				time.AfterFunc(10*time.Minute, func() {
					unlock, err := w.ledger().Lock(t.Context(), ledger.Process{}, func() { t.Error("the watcher keeps the lock") })
					if err != nil {
						t.Error(err)
						return
					}
					if err := test.comes(w); err != nil {
						t.Error(err)
					}
					unlock()
				})
				begun := time.Now()
				err := watch(t.Context(), d)
				if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				if took := time.Since(begun); took < 10*time.Minute || took > 10*time.Minute+settlePause {
					t.Errorf("it ended after %v, want it within %v of that", took, settlePause)
				}
			})
			if len(w.daemon.boxes) != 2 {
				t.Errorf("got %+v, want both as they were", w.daemon.boxes)
			}
		})
	}
}
