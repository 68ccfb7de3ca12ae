package deploy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/deploy/repotest"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

// world is a host on which blue is deployed: a bare repository, a Docker, a
// Redis. What a process of it does that dies stays in it.
type world struct {
	*testing.T
	config    Config
	colour    colour
	daemon    *daemon
	lists     *fleet.Fleet
	rotation  *fleet.Rotation
	revisions []string // the commits of its app, oldest first
	out       *bytes.Buffer
	copies    int
	watched   []ledger.Process // those that a watcher was left for
	meets     func(*Deployer)  // changes what each process has; nil for nothing
	redis     *redistest.CLI
	wrote     *fleet.Rotation // the lists, before HOST_IP was changed; nil if it was not
}

const mainRef = "refs/heads/main"

// newWorld returns one in which the first two of three commits were pushed.
func newWorld(t *testing.T) *world {
	t.Helper()
	work, dir := t.TempDir(), memory(t)
	w := (&world{T: t, daemon: newDaemon(), out: new(bytes.Buffer)}).in(dir)
	w.redis = redistest.Open(t)
	w.lists = fleet.Open(fleet.Redis{Address: w.redis.Address}, w.colour.site).As("deploy")
	t.Cleanup(func() { w.lists.Close() })
	for n := range 3 {
		w.revisions = append(w.revisions, repotest.Commit(t, work, fmt.Sprint(n), map[string]string{"Dockerfile": fmt.Sprint(n), fmt.Sprint("since-", n): ""}))
	}
	bare := repo.Repository{Dir: w.colour.git}
	err := errors.Join(bare.Make(t.Context()), ledger.At(bare.Dir).Make())
	repotest.Git(t, bare.Dir, "fetch", "--quiet", work, "main")
	err = errors.Join(err, os.RemoveAll(filepath.Join(bare.Dir, "hooks")), os.Mkdir(filepath.Join(bare.Dir, "hooks"), 0o755))
	for _, hook := range repo.Hooks {
		err = errors.Join(err, os.WriteFile(filepath.Join(bare.Dir, "hooks", hook), nil, 0o755))
	}
	w.rotation, _ = w.lists.Rotation("blue")
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range w.revisions[:2] {
		if err := w.push(&fate{at: never}, revision); err != nil {
			t.Fatalf("the push of %s: %v\n%s", revision, err, w.out)
		}
	}
	return w
}

// memory returns an empty folder, in memory where there is such: what the matrix
// writes thousands of times need not outlive it.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "deux-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// in returns the world with its files in a folder.
func (w *world) in(dir string) *world {
	moved := *w
	moved.config = Config{
		Fleet: "deux", Dir: dir, HostIP: cmp.Or(w.config.HostIP, "127.0.0.1"), RegistryPort: 5000, BluePort: 50101, BlueFirst: 50200, Ports: 20, Keep: 2,
		BuildTimeout: time.Minute, BlueHealth: time.Minute, DrainTimeout: time.Minute, StopGrace: time.Minute,
	}
	var err error
	if moved.colour, err = moved.config.colour("blue"); err != nil {
		w.Fatal(err)
	}
	return &moved
}

// again returns a copy of the world, with Redis as it was in it.
func (w *world) again(listed []fleet.Server) *world {
	w.copies++
	fresh := w.in(filepath.Join(w.config.Dir, fmt.Sprint(w.copies)))
	fresh.daemon, fresh.out, fresh.watched = w.daemon.clone(), new(bytes.Buffer), nil
	err := errors.Join(copyRepository(w.colour.git, fresh.colour.git), os.CopyFS(fresh.colour.www, os.DirFS(w.colour.www)))
	for _, list := range []string{"blueServers", "drainBlueServers", "failedBlueServers"} {
		w.redis.Remove(list)
	}
	for _, server := range listed {
		err = errors.Join(err, cmp.Or(w.wrote, w.rotation).Switch(w.Context(), server))
	}
	if err != nil {
		w.Fatal(err)
	}
	return fresh
}

// copyRepository copies what changes of a bare repository, and links the rest.
func copyRepository(from, to string) error {
	err := os.MkdirAll(filepath.Join(to, "refs", "heads"), 0o755)
	for _, same := range []string{"config", "hooks", "objects"} {
		err = errors.Join(err, os.Symlink(filepath.Join(from, same), filepath.Join(to, same)))
	}
	for _, own := range []string{"HEAD", mainRef} {
		content, failure := os.ReadFile(filepath.Join(from, own))
		err = errors.Join(err, failure, os.WriteFile(filepath.Join(to, own), content, 0o644))
	}
	return errors.Join(err, os.CopyFS(ledger.Dir(to), os.DirFS(ledger.Dir(from))))
}

// process returns the Deployer of a new process, which git runs.
func (w *world) process(fate *fate, git ledger.Process) *Deployer {
	d := newDeployer(w.config, w.colour, ledger.At(w.colour.git).On(fatedDisk{fate}), w.out)
	d.meet(fatedDocker{daemon: w.daemon, fate: fate}, fatedLists{w.lists, fate}, fatedRotation{w.rotation, fate})
	d.files = fatedFiles{fate: fate}
	d.self, d.git = git, git
	d.watch = func() error { w.watched = append(w.watched, d.git); return nil }
	if w.meets != nil {
		w.meets(d)
	}
	return d
}

// alone has a process of its own do something.
func (w *world) alone(fate *fate, do func(context.Context, *Deployer) error) (err error) {
	running, end := startProcess()
	defer end()
	fate.survives(func() { err = do(w.Context(), w.process(fate, running)) })
	return err
}

// startProcess starts what can be seen to be alive as a process can, until end: a
// thread has a number and a time too (proc(5), "/proc/tid"), and is made faster.
func startProcess() (started ledger.Process, end func()) {
	number, over := make(chan int), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and no more unlocked: the thread ends with the function
		number <- syscall.Gettid()
		<-over
	}()
	id := <-number
	if id == os.Getpid() { // the first thread ends with the process alone
		defer close(over)
		return startProcess()
	}
	started = ledger.ProcessOf(id)
	return started, func() {
		for close(over); started.Alive(); {
			runtime.Gosched()
		}
	}
}

// push is git receive-pack with its two hooks, until one of the three dies.
func (w *world) push(f *fate, revision string) error { return w.pushWith(f, f, revision) }

// pushWith is push with another fate from the move of the ref on.
func (w *world) pushWith(fate, receive *fate, revision string) (err error) {
	git, end := startProcess()
	defer end()
	ctx, old := w.Context(), w.pushed()
	if !fate.survives(func() { err = w.process(fate, git).Update(ctx, mainRef, old, revision) }) || err != nil {
		return err
	}
	if !fate.survives(func() {
		_ = fate.pass(point{"git update-ref", true, false}, func() error {
			return os.WriteFile(filepath.Join(w.colour.git, mainRef), []byte(revision+"\n"), 0o644)
		})
	}) {
		return nil
	}
	line := strings.NewReader(old + " " + revision + " " + mainRef + "\n")
	receive.survives(func() { err = w.process(receive, git).PostReceive(ctx, line) })
	return err
}

// pushed returns what the ref holds.
func (w *world) pushed() string {
	revision, err := os.ReadFile(filepath.Join(w.colour.git, mainRef))
	if errors.Is(err, os.ErrNotExist) {
		return repo.NoRevision
	}
	return strings.TrimSpace(string(revision))
}

// digest is that of a revision's image.
func digest(revision string) string { return "sha256:" + revision }
