package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repotest"
	"deux/internal/fleet"
)

func TestPush_TellsWhatItDoesStepByStep(t *testing.T) {
	w := pushedWorld(t)
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	w.wantSaid(`==> Setting the work tree to DIR/blue-www
==> Checking out THREE
==> Building blue-image
==> Tagging blue-image as localhost:5000/blue-registry:THREE
==> Pushing localhost:5000/blue-registry:THREE
==> Pulling localhost:5000/blue-registry@sha256:THREE
==> Running localhost:5000/blue-registry:THREE at URL
==> Waiting until it is healthy, at most 1m0s
==> Switching http://localhost:50101 to URL
==> Stopping the old blue-app, TWO
==> Removing the old blue-app
==> Removing the old blue-image, keeping the last 2
DEPLOYED blue THREE sha256:THREE
`)
	w.wantServing("pushed", w.revisions[2])
}

func TestPush_TheFirstOneHasNothingToStop(t *testing.T) {
	w := emptyWorld(t)
	if err := w.push(undisturbed(), w.revisions[0]); err != nil {
		t.Fatalf("got %v\n%s", err, w.out)
	}
	if !strings.Contains(w.said(), "\n==> Stopping blue-app: nothing to stop\n") {
		t.Errorf("got\n%s, want nothing to stop", w.said())
	}
	w.wantServing("pushed", w.revisions[0])
}

func TestPush_TheFirstOneThatFailsLeavesNothing(t *testing.T) {
	w := emptyWorld(t)
	w.wantRefused(w.push(refusing("docker pull"), w.revisions[0]), "DEPLOY FAILED blue pull ONE: no luck")
	if w.ledger().HasCurrent() || len(w.daemon.boxes)+len(w.daemon.images)+len(w.daemon.registry) > 0 {
		t.Errorf("got %+v, images %v, registry %v, want nothing", w.daemon.boxes, w.daemon.images, w.daemon.registry)
	}
}

// Whatever step fails, the push is refused, what ran runs on as it was, and the
// same push can be repeated.
func TestPush_AStepThatFailsTouchesNothingThatRuns(t *testing.T) {
	for _, test := range []struct{ step, refused, why string }{
		{"work-tree", "make blue-www.new", "no luck"},
		{"checkout", "rename to blue-www", "no luck"},
		{"build", "docker build", "no luck"},
		{"tag", "docker tag", "no luck"},
		{"push", "docker push", "no luck (does the registry run? make up starts it)"},
		{"pull", "docker pull", "no luck"},
		{"run", "docker run", "no luck"},
	} {
		t.Run(test.step, func(t *testing.T) {
			w := pushedWorld(t)
			ran, images := w.daemon.boxes[0], len(w.daemon.images)
			w.wantRefused(w.push(refusing(test.refused), w.revisions[2]), "DEPLOY FAILED blue "+test.step+" THREE: "+test.why)
			w.wantServing("refused", w.revisions[1])
			if len(w.daemon.boxes) != 1 || w.daemon.boxes[0] != ran || w.pushed() != w.revisions[1] {
				t.Errorf("got %+v to run and main at %s, want the container of before and its revision", w.daemon.boxes, w.pushed())
			}
			if len(w.daemon.images) != images || w.daemon.registry[digest(w.revisions[2])] {
				t.Errorf("got images %v, registry %v, want those of before", w.daemon.images, w.daemon.registry)
			}
			if last := w.last(); last.Result != ledger.Failed || last.Why != test.step+": "+test.why || last.Revision != w.revisions[2] {
				t.Errorf("history: got %+v, want the failure of %s", last, test.step)
			}
			if err := w.push(undisturbed(), w.revisions[2]); err != nil {
				t.Fatalf("again: got %v\n%s", err, w.out)
			}
			w.wantServing("again", w.revisions[2])
		})
	}
}

// What a push does not carry would be missing in the image.
func TestPush_OfSubmodulesAndLFSPointersIsRefused(t *testing.T) {
	w := pushedWorld(t)
	work := t.TempDir()
	pointer := repotest.Commit(t, work, "pointer", map[string]string{"media/film": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"})
	repotest.Git(t, work, "update-index", "--add", "--cacheinfo", "160000,"+pointer+",vendor/lib")
	repotest.Git(t, work, "-c", "user.name=Ann", "-c", "user.email=ann@localhost", "commit", "--quiet", "--message", "module")
	module := repotest.Git(t, work, "rev-parse", "HEAD")
	repotest.Git(t, w.colour.git, "fetch", "--quiet", work, "main")
	for revision, want := range map[string]string{
		pointer: "media/film is a Git LFS pointer, and a push does not carry what it points to: git lfs untrack it and commit the file itself",
		module:  "vendor/lib is a submodule, and a push does not carry its files: add them to the repository itself",
	} {
		w.wantRefused(w.push(undisturbed(), revision), "DEPLOY FAILED blue checkout "+revision+": "+want)
		w.wantServing("refused", w.revisions[1])
	}
}

// A push that cannot be deployed is refused before anything is built, and says
// what to do.
func TestPush_IsRefusedUnlessTheHostIsReady(t *testing.T) {
	for _, test := range []struct {
		name, want string
		meets      func(*Deployer)
	}{
		{"Docker is away", "no answer from Docker (is it started? may you use it? usermod -aG docker " + userName() + "): no answer",
			func(d *Deployer) { d.docker = silentDocker{d.docker} }},
		{"Redis is away", "no answer from Redis at 192.0.2.1:6379 (make up starts it): no answer",
			func(d *Deployer) { d.lists, d.config.Redis.Address = silentRedis{d.lists}, "192.0.2.1:6379" }},
		{"Redis has another password", fleet.ErrPassword.Error(),
			func(d *Deployer) { d.lists = wrongPassword{d.lists} }},
		{"a stranger has the name", "a container called blue-app exists that no push made: rename or remove it",
			func(d *Deployer) { d.docker = namesake{d.docker} }},
		{"a hook is missing", "the hook post-receive is missing or not executable: make deploy-init repairs it",
			func(d *Deployer) { _ = os.Remove(filepath.Join(d.colour.git, "hooks", "post-receive")) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			w.meets = test.meets
			f := undisturbed()
			w.wantRefused(w.push(f, w.revisions[2]), "DEPLOY FAILED blue lock THREE: "+test.want)
			if w.pushed() != w.revisions[1] || f.passes("docker build") {
				t.Errorf("main is at %s after %v, want nothing built and main as it was", w.pushed(), f.passed)
			}
		})
	}
}

// passes reports whether a process came to that point.
func (f *fate) passes(what string) bool {
	for _, p := range f.passed {
		if p.what == what {
			return true
		}
	}
	return false
}

// wrongPassword is a Redis that wants another password.
type wrongPassword struct{ lists }

func (wrongPassword) Ping(context.Context) error { return fleet.ErrPassword }

// namesake is a Docker in which a stranger has the app's name.
type namesake struct{ docker }

func (namesake) NameTaken(context.Context, string) (bool, error) { return true, nil }

// What runs already is not built again, unless its container is gone.
func TestPush_OfWhatRunsBuildsNothing(t *testing.T) {
	for _, test := range []struct {
		name string
		lose bool
	}{{"it runs", false}, {"its container is gone", true}} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			if test.lose {
				w.loseContainers()
			}
			f := undisturbed()
			err := w.alone(f, func(ctx context.Context, d *Deployer) error {
				return d.Update(ctx, mainRef, w.revisions[1], w.revisions[1])
			})
			if builds := f.passes("docker build"); err != nil || builds != test.lose {
				t.Errorf("got %v, built: %v\n%s, want it built only if it does not run", err, builds, w.out)
			}
			if !test.lose {
				w.wantSaid("TWO already runs\n")
				w.wantServing("pushed", w.revisions[1])
			}
		})
	}
}

// A hook that somebody switched off for a moment costs the trial, not the deploy.
func TestPush_WithoutTheUpdateHookIsDeployedAfterTheRefHasMoved(t *testing.T) {
	for _, test := range []struct {
		name  string
		fate  *fate
		last  string
		err   error
		serve int
	}{
		{"it builds", undisturbed(), "DEPLOYED blue THREE sha256:THREE", nil, 2},
		{"it does not build", refusing("docker build"), "DEPLOY FAILED blue build THREE: no luck" + tryAgain, ErrRefused, 1},
		{"Docker is away", refusing("docker ping"), "", ErrRefused, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			err := w.receive(test.fate, w.revisions[1], w.revisions[2])
			if !errors.Is(err, test.err) || test.last != "" && lastLine(w.said()) != test.last {
				t.Errorf("got %v and\n%s, want %v and\n%s", err, w.said(), test.err, test.last)
			}
			w.wantServing(test.name, w.revisions[test.serve])
		})
	}
}

// A ref that was deleted meanwhile, or moved back to what runs, needs no release.
func TestPostReceive_GoesByWhatTheRefHoldsNow(t *testing.T) {
	w := pushedWorld(t)
	receive := func(ref string) error {
		return w.alone(undisturbed(), func(ctx context.Context, d *Deployer) error {
			return d.PostReceive(ctx, strings.NewReader(w.revisions[0]+" "+w.revisions[2]+" "+ref+"\n"))
		})
	}
	if err := receive("refs/heads/master"); err != nil || w.said() != "" {
		t.Errorf("of a ref that is gone: got %v and\n%s, want nothing", err, w.said())
	}
	if err := receive(mainRef); err != nil {
		t.Errorf("of a ref that is back at what runs: got %v", err)
	}
	w.wantSaid("DEPLOYED blue TWO sha256:TWO\n")
	w.wantServing("received", w.revisions[1])
}
