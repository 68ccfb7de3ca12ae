package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"deux/internal/deploy/ledger"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

// template is the world that newWorld makes, with its files in memory: a copy of
// it takes milliseconds, and newWorld runs git dozens of times.
var template struct {
	sync.Mutex
	files     fstest.MapFS
	daemon    *daemon
	revisions []string
}

// hosts counts the pushedWorlds.
var hosts atomic.Int32

// pushedWorld returns a world like newWorld's, for a test that runs beside others.
// Its releases are published at an address of their own.
func pushedWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	fillTemplate(t)
	w := (&world{T: t, daemon: template.daemon.clone(), revisions: template.revisions, out: new(bytes.Buffer)}).in(memory(t))
	n := hosts.Add(1)
	w.config.HostIP = fmt.Sprintf("127.1.%d.%d", n/200, n%200+1) // newWorld has 127.0.0.1
	w.colour.site.Host, w.daemon.boxes[0].Address = w.config.HostIP, w.config.HostIP
	w.redis = redistest.Open(t)
	w.lists = fleet.Open(fleet.Redis{Address: w.redis.Address}, w.colour.site).As("deploy")
	t.Cleanup(func() { w.lists.Close() })
	w.rotation, _ = w.lists.Rotation("blue")
	err := os.CopyFS(w.config.Dir, template.files)
	if err := errors.Join(err, w.rotation.Switch(t.Context(), w.colour.site.Server(w.daemon.boxes[0].Port))); err != nil {
		t.Fatal(err)
	}
	return w
}

func fillTemplate(t *testing.T) {
	t.Helper()
	template.Lock()
	defer template.Unlock()
	if template.files != nil {
		return
	}
	w := newWorld(t)
	template.daemon, template.revisions, template.files = w.daemon.clone(), w.revisions, make(fstest.MapFS)
	err := fs.WalkDir(os.DirFS(w.config.Dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		file := &fstest.MapFile{Mode: info.Mode()}
		if !entry.IsDir() {
			file.Data, err = os.ReadFile(filepath.Join(w.config.Dir, path))
		}
		template.files[path] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// emptyWorld is a pushedWorld to which nothing was pushed yet.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	w := pushedWorld(t)
	w.forgetPushes()
	return w
}

// forgetPushes makes the world one to which nothing was pushed yet.
func (w *world) forgetPushes() {
	w.Helper()
	err := w.rotation.Forget(w.Context(), w.colour.site.Server(w.daemon.boxes[0].Port))
	err = errors.Join(err, os.RemoveAll(ledger.Dir(w.colour.git)), w.ledger().Make())
	if err := errors.Join(err, os.RemoveAll(w.colour.www), os.Remove(filepath.Join(w.colour.git, mainRef))); err != nil {
		w.Fatal(err)
	}
	w.daemon = newDaemon()
}

// undisturbed is the fate of a process to which nothing happens.
func undisturbed() *fate { return &fate{at: never} }

// errNoLuck is what refusing things say.
var errNoLuck = errors.New("no luck")

// refusing is the fate of a process for which these things, named as its points
// are, fail.
func refusing(what ...string) *fate {
	f := &fate{at: never, refuses: make(map[string]error)}
	for _, refused := range what {
		f.refuses[refused] = errNoLuck
	}
	return f
}

// update has a process run the update hook alone.
func (w *world) update(ref, old, revision string) error {
	return w.alone(undisturbed(), func(ctx context.Context, d *Deployer) error { return d.Update(ctx, ref, old, revision) })
}

// move moves a ref as git does between the hooks.
func (w *world) move(ref, revision string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.colour.git, ref), []byte(revision+"\n"), 0o644); err != nil {
		w.Fatal(err)
	}
}

// delete deletes a ref as git does between the hooks.
func (w *world) delete(ref string) {
	w.Helper()
	if err := os.Remove(filepath.Join(w.colour.git, ref)); err != nil {
		w.Fatal(err)
	}
}

// receive has a process run the post-receive hook alone, after main has moved.
func (w *world) receive(f *fate, old, revision string) error {
	w.Helper()
	w.move(mainRef, revision)
	return w.alone(f, func(ctx context.Context, d *Deployer) error {
		return d.PostReceive(ctx, strings.NewReader(old+" "+revision+" "+mainRef+"\n"))
	})
}

// listed are the ports that get requests.
func (w *world) listed() (ports []int) {
	w.Helper()
	listed, _, err := w.rotation.Read(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, server := range listed {
		ports = append(ports, server.Port)
	}
	return ports
}

// ledger is the colour's.
func (w *world) ledger() *ledger.Ledger { return ledger.At(w.colour.git) }

// past is the history, oldest first.
func (w *world) past() []ledger.Record {
	w.Helper()
	past, err := w.ledger().History()
	if err != nil {
		w.Fatal(err)
	}
	return past
}

// last is the last record of the history.
func (w *world) last() ledger.Record { all := w.past(); return all[len(all)-1] }

// wantServing fails unless the revision alone serves, the ledger says so, and
// nothing else is left or under way.
func (w *world) wantServing(when, revision string) {
	w.Helper()
	if problems := w.problems([]string{revision}, w.past()); len(problems) > 0 {
		w.Errorf("%s:\n  %s\n%s", when, strings.Join(problems, "\n  "), w.out)
	}
}

// wantRefused fails unless err is a refusal whose last line is this.
func (w *world) wantRefused(err error, want string) {
	w.Helper()
	if got := lastLine(w.said()); !errors.Is(err, ErrRefused) || got != want {
		w.Errorf("got %v and\n%s, want a refusal with\n%s", err, got, want)
	}
}

// slowness is the lines that a busy host adds. A lock may be held for a moment
// after its end: what another test forks to run git has a copy of the lock's file
// until then (flock(2)).
var slowness = regexp.MustCompile(`(?m)^(    [a-z-]+ took .*|Waiting for another push to blue to end)\n`)

// said returns what the pusher read, with names instead of what differs in each
// world.
func (w *world) said() string {
	said := slowness.ReplaceAllString(w.out.String(), "")
	names := []string{w.config.Dir, "DIR"}
	for n, revision := range w.revisions {
		names = append(names, revision, number(n))
	}
	for port := range w.config.Ports {
		server := w.colour.site.Server(w.colour.site.First + port)
		names = append(names, server.URL, "URL")
	}
	return strings.NewReplacer(names...).Replace(said)
}

// number is what tests call a world's revision.
func number(n int) string { return []string{"ONE", "TWO", "THREE"}[n] }

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// wantSaid fails unless the pusher read exactly this.
func (w *world) wantSaid(want string) {
	w.Helper()
	if got := w.said(); got != want {
		w.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// hearing is a pusher that does something when it reads a text.
type hearing struct {
	io.Writer
	text string
	do   func() error // if it fails, so does the write
}

func (h hearing) Write(text []byte) (int, error) {
	if strings.Contains(string(text), h.text) {
		if err := h.do(); err != nil {
			return 0, err
		}
	}
	return h.Writer.Write(text)
}

// hears has each process that starts from now on write to such a pusher.
func (w *world) hears(text string, do func() error) {
	w.with(func(d *Deployer) { d.out.to = hearing{w.out, text, do} })
}

// with changes what each process has that starts from now on.
func (w *world) with(change func(*Deployer)) {
	before := w.meets
	w.meets = func(d *Deployer) {
		if before != nil {
			before(d)
		}
		change(d)
	}
}

// hangs has a step of the push take until it is given up.
func (w *world) hangs(step string) {
	w.with(func(d *Deployer) { d.docker = hangingDocker{d.docker, step} })
}

// hangingDocker is a Docker that does not end the step build or health.
type hangingDocker struct {
	docker
	step string
}

func (h hangingDocker) Build(ctx context.Context, dir, tag string, labels []string, memory int64, out io.Writer) (string, error) {
	if h.step != "build" {
		return h.docker.Build(ctx, dir, tag, labels, memory, out)
	}
	<-ctx.Done()
	return "", ctx.Err()
}

func (h hangingDocker) Exec(ctx context.Context, id string, command []string) (int, string, error) {
	if h.step != "health" {
		return h.docker.Exec(ctx, id, command)
	}
	<-ctx.Done()
	return 0, "", ctx.Err()
}
