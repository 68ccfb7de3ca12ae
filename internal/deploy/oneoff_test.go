package deploy

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
	"deux/internal/program"
)

// errAttach ends a RunOnce where the container would be made.
var errAttach = errors.New("no container today")

// console is one whose input is empty, and that leaves what was printed in files.
func console(t *testing.T) Console {
	t.Helper()
	in, err := os.Open(os.DevNull)
	out, failure := os.CreateTemp(t.TempDir(), "out")
	if err := errors.Join(err, failure); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); out.Close() })
	return Console{In: in, Out: out, Err: out}
}

func runOnce(at Console) command {
	return func(ctx context.Context, d *Deployer) error { return d.RunOnce(ctx, at, []string{"/app", "migrate"}) }
}

func TestOneOff_GetsTheImageAndWhatAReleaseGets(t *testing.T) {
	s := newScene(t)
	s.paths, s.failing["Attach"] = []string{"/data"}, errAttach
	s.gave(set(map[string]string{"TOKEN": "s3cret"}, map[string]string{"key.pem": "k3y"}))
	_, given := s.serves()
	before := s.stands()
	at := console(t)
	if err := s.gives(runOnce(at)); !errors.Is(err, errAttach) {
		t.Fatalf("got %v, want Docker's answer", err)
	}
	want := engine.OneOff{Colour: "blue", Image: "localhost:5000/blue-registry@" + digest(s.revisions[1]),
		Owner: ledger.ProcessOf(os.Getpid()).String(), In: at.In, Out: at.Out, Err: at.Err}
	got, command := s.oneOff, strings.Join(s.oneOff.Command, " ")
	if got.Command = nil; !equalOneOffs(got, want) || command != "/app migrate" {
		t.Errorf("got %q in %+v, want /app migrate in %+v", command, got, want)
	}
	if !slices.Equal(s.runtime.Env, given.Env) || !slices.Equal(s.runtime.Mounts, given.Mounts) || s.runtime.String() != given.String() {
		t.Errorf("got %+v, want what the release got, %+v", s.runtime, given)
	}
	if after := s.stands(); after != before {
		t.Errorf("got\n%s\nwant that the release is as before\n%s", after, before)
	}
	s.gave(down)
	s.gave(set(map[string]string{"TOKEN": "n3w"}, nil))
	if err := s.gives(runOnce(at)); !errors.Is(err, errAttach) || !slices.Contains(s.runtime.Env, "TOKEN=n3w") {
		t.Errorf("configured while it is down: got %v, %q, want what is set now", err, s.runtime.Env)
	}
}

func equalOneOffs(a, b engine.OneOff) bool {
	return a.Colour == b.Colour && a.Image == b.Image && a.Owner == b.Owner && a.Terminal == b.Terminal &&
		a.In == b.In && a.Out == b.Out && a.Err == b.Err
}

func TestOneOff_IsRefusedWithWhatToDo(t *testing.T) {
	first := newScene(t)
	lost := errors.New("connection lost")
	for _, test := range []struct {
		name  string
		start func(*scene)
		want  string
	}{
		{"before the first push", func(s *scene) {
			os.RemoveAll(ledger.Dir(s.colour.git))
			os.Remove(filepath.Join(s.colour.git, mainRef))
		}, "nothing is deployed yet: git push blue main"},
		{"without Docker", func(s *scene) { s.failing["OneOffs"] = lost },
			"no answer from Docker (is it started? may you use it?): connection lost"},
		{"without its image", func(s *scene) { s.daemon.images = nil },
			"the image of " + first.revisions[1] + " is gone: bin/deploy restore blue builds it again"},
		{"without an answer about its image", func(s *scene) { s.failing["HasImage"] = lost }, "connection lost"},
	} {
		s := first.again()
		test.start(s)
		if err := s.gives(runOnce(console(t))); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// fakeAttached is a container whose command does as it is told.
type fakeAttached struct {
	run     func(*fakeAttached) (int, error)
	signals chan string
	sizes   chan [2]int
	removed bool
}

func newAttached(run func(*fakeAttached) (int, error)) *fakeAttached {
	return &fakeAttached{run: run, signals: make(chan string, 8), sizes: make(chan [2]int, 8)}
}

func (a *fakeAttached) Run(context.Context) (int, error)            { return a.run(a) }
func (a *fakeAttached) Remove(context.Context) error                { a.removed = true; return nil }
func (a *fakeAttached) Signal(_ context.Context, name string) error { a.signals <- name; return nil }
func (a *fakeAttached) Resize(_ context.Context, width, high int) error {
	a.sizes <- [2]int{width, high}
	return nil
}

func TestOneOff_EndsAsItsCommandDidAndLeavesNothing(t *testing.T) {
	broken := errors.New("the connection broke")
	for _, test := range []struct {
		name    string
		code    int
		err     error
		want    error
		printed string
	}{
		{"success", 0, nil, nil, ""},
		{"exit code 3", 3, nil, program.Exit(3), ""},
		{"no such command", 0, engine.ErrNoCommand, program.Exit(127), "deploy: there is no such command in the image\r\n"},
		{"not executable", 0, engine.ErrNotExecutable, program.Exit(126), "deploy: the command is not executable\r\n"},
		{"a broken connection", 0, broken, broken, ""},
	} {
		d, out := offline(t)
		reapers := 0
		d.reaper = func(string) (func(), error) { reapers++; return func() { reapers-- }, nil }
		a := newAttached(func(*fakeAttached) (int, error) {
			if reapers != 1 {
				t.Errorf("%s: got %d reapers while it runs, want one", test.name, reapers)
			}
			return test.code, test.err
		})
		err := d.attend(t.Context(), "id", a, console(t))
		if !errors.Is(err, test.want) || out.String() != test.printed {
			t.Errorf("%s: got %v and %q, want %v and %q", test.name, err, out, test.want, test.printed)
		}
		if !a.removed || reapers != 0 {
			t.Errorf("%s: got removed: %v, and %d reapers left, want the container and its reaper gone", test.name, a.removed, reapers)
		}
	}
}

func TestOneOff_IsNotRunIfNothingWouldRemoveItAfterAKill(t *testing.T) {
	d, _ := offline(t)
	none := errors.New("too many processes")
	d.reaper = func(string) (func(), error) { return nil, none }
	a := newAttached(func(*fakeAttached) (int, error) { t.Error("the command runs"); return 0, nil })
	if err := d.attend(t.Context(), "id", a, console(t)); !errors.Is(err, none) || !a.removed {
		t.Errorf("got %v, removed: %v, want %v and the container gone", err, a.removed, none)
	}
}

func TestOneOff_GetsTheSignalsOfTheProcess(t *testing.T) {
	d, _ := offline(t)
	d.reaper = func(string) (func(), error) { return func() {}, nil }
	var got []string
	a := newAttached(func(a *fakeAttached) (int, error) {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2} {
			if err := syscall.Kill(os.Getpid(), signal); err != nil {
				return 0, err
			}
			got = append(got, <-a.signals)
		}
		return 130, nil
	})
	if err := d.attend(t.Context(), "id", a, console(t)); !errors.Is(err, program.Exit(130)) {
		t.Errorf("got %v, want the exit code 130", err)
	}
	if want := "SIGINT SIGTERM SIGHUP SIGQUIT SIGUSR1 SIGUSR2"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// stuckAttached is a container whose Docker does not answer a signal.
type stuckAttached struct {
	*fakeAttached
	over bool
}

func (a *stuckAttached) Signal(ctx context.Context, name string) error {
	a.signals <- name
	<-ctx.Done()
	a.over = true
	return ctx.Err()
}

func TestOneOff_PassesNothingOnOnceItHasEnded(t *testing.T) {
	d, _ := offline(t)
	d.reaper = func(string) (func(), error) { return func() {}, nil }
	a := &stuckAttached{fakeAttached: newAttached(func(a *fakeAttached) (int, error) {
		err := syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		<-a.signals
		return 0, err
	})}
	if err := d.attend(t.Context(), "id", a, console(t)); err != nil || !a.over {
		t.Errorf("got %v, its signal given up: %v, want that nothing reaches the container any more", err, a.over)
	}
}

func TestOneOffs_AreSweptWhenNobodyWaitsForThemAndEndedByDown(t *testing.T) {
	alive, end := startProcess()
	defer end()
	later := alive
	later.Started += "0" // another process that got the number of a dead one
	e := newEstate()
	e.owners = map[string]string{"mine": alive.String(), "reused": later.String(), "dead": "0 0", "nobody's": "", "text": "x"}
	d, out := offline(t)
	d.docker = estateDocker{estate: e}
	if err := d.sweepOneOffs(t.Context()); err != nil || strings.Join(slices.Collect(maps.Keys(e.owners)), " ") != "mine" {
		t.Errorf("swept: got %v, and %v left, want the one of the process that lives", err, e.owners)
	}
	err := d.endOneOffs(t.Context())
	if want := "==> Ending a command of bin/deploy run blue\n"; err != nil || len(e.owners) > 0 || out.String() != want {
		t.Errorf("down: got %v, %v left and %q, want none and %q", err, e.owners, out, want)
	}
	e.owners, e.failing["RemoveOneOff"] = map[string]string{"a": "", "b": ""}, errors.New("no answer")
	if err := d.sweepOneOffs(t.Context()); err == nil || len(e.owners) > 0 {
		t.Errorf("without an answer: got %v, and %v left, want an error, and that each is tried", err, e.owners)
	}
}
