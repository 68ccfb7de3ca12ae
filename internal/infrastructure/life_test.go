package infrastructure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
	"deux/internal/redistest"
)

// stage is how far a call has come when something happens to its caller.
type stage string

const (
	before stage = "before"
	during stage = "during" // Docker has begun, and goes on
	after  stage = "after"  // it has taken effect, and nobody has heard of it
)

// point is a moment at which a poller is killed, or hears of a lost connection
// instead of an answer.
type point struct {
	call  string
	nth   int // time that it is called
	stage stage
	lives bool
}

func (p point) String() string {
	if p.lives {
		return fmt.Sprintf("connection lost %s call %d of %q", p.stage, p.nth, p.call)
	}
	return fmt.Sprintf("killed %s call %d of %q", p.stage, p.nth, p.call)
}

// fate is what becomes of a call at a stage, and of its caller.
type fate int

const (
	passes fate = iota
	breaks      // the connection does
	kills
)

// fates decides about each stage of each call; nth is the time that it is made.
// They are asked one at a time.
type fates func(call string, nth int, now stage) fate

// undisturbed lets everything pass.
func undisturbed(string, int, stage) fate { return passes }

// once strikes when the point comes.
func (p point) once() fates {
	reached := false
	return func(call string, nth int, now stage) fate {
		if reached || p != (point{call, nth, now, p.lives}) {
			return passes
		}
		reached = true
		if p.lives {
			return breaks
		}
		return kills
	}
}

var errKilled = errors.New("the poller was killed")

// life is that of one poller. All that it asks of Redis and Docker passes here,
// and here it ends as by kill -9: from one moment on nothing passes any more,
// but what Docker and the script have begun goes on without it.
type life struct {
	docker *fakeDocker
	wire   *redistest.Wire
	poller *Poller
	killed chan struct{} // closed when it is killed
	ended  chan struct{} // closed when nothing of it runs any more
	cancel context.CancelFunc

	mu     sync.Mutex
	fates  fates
	struck bool // whether anything broke
	dead   bool
	calls  map[string]*times
}

// matrixConfig has nothing given up because the host stalls.
var matrixConfig = Config{Site: site, Fleet: "test", Parallel: 8, StartTimeout: time.Minute,
	DrainTimeout: time.Minute, SpawnTimeout: time.Minute, LevelInterval: 20 * time.Millisecond}

// soon makes whatever is waited for come soon.
var soon = pauses{trouble: 10 * time.Millisecond, firstRetry: 10 * time.Millisecond, maxRetry: 40 * time.Millisecond}

// live starts a poller whose calls have these fates, and that makes so many
// attempts.
func (s *scene) live(attempts int, fates fates) (*life, error) {
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{docker: s.docker, fates: fates, cancel: cancel, calls: make(map[string]*times),
		killed: make(chan struct{}), ended: make(chan struct{})}
	wire, err := redistest.NewWire(s.address, l.judge)
	if err != nil {
		return nil, err
	}
	l.wire = wire
	lists := fleet.Open(fleet.Redis{Address: wire.Address()}, site).As("infrastructure")
	config := matrixConfig
	config.Attempts, config.Var = attempts, s.dir
	l.poller = newPoller(config, lists, l, l, newComplaints(slog.New(slog.DiscardHandler)))
	l.poller.probe = l.probe
	l.poller.pauses = soon
	go func() {
		defer close(l.ended)
		l.poller.run(ctx)
		_ = lists.Close()
		wire.Close()
	}()
	return l, nil
}

// kill ends the life, and returns when nothing of it runs any more.
func (l *life) kill() {
	l.mu.Lock()
	l.die()
	l.mu.Unlock()
	<-l.ended
}

// die must be called with the lock held. The poller's own context ends last, so
// that nothing that it does at an ordinary end passes.
func (l *life) die() {
	if l.dead {
		return
	}
	l.dead = true
	close(l.killed)
	l.wire.Cut()
	l.cancel()
}

// passes reports whether a call goes on at this stage.
func (l *life) passes(call string, now stage) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false
	}
	fate := l.fates(call, l.count(call, now), now)
	if fate == kills {
		l.die()
	}
	l.struck = l.struck || fate != passes
	return fate == passes
}

// times is how often a call was made.
type times struct {
	made     int
	answered int
}

// count must be called with the lock held. It returns which time this is.
func (l *life) count(call string, now stage) (nth int) {
	if l.calls[call] == nil {
		l.calls[call] = new(times)
	}
	switch count := l.calls[call]; now {
	case before:
		count.made++
	case after:
		count.answered++
	}
	return l.calls[call].made
}

// forget takes a call back that was in vain: the same one comes again. It
// reports whether the answer passes.
func (l *life) forget(call string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[call].made--
	return !l.dead
}

// wasStruck reports whether anything broke.
func (l *life) wasStruck() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.struck
}

// counted returns how often each call was made.
func (l *life) counted() map[string]*times {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.calls)
}

// asDocker passes a call that changes something at Docker.
func (l *life) asDocker(call string, work func() error) error {
	if !l.passes(call, before) {
		return errKilled
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	l.passes(call, during)
	select {
	case <-l.killed:
		return errKilled
	case err := <-done:
		if !l.passes(call, after) {
			return errors.New("the connection broke before the answer")
		}
		return err
	}
}

// Spawn starts a script, which a poller that is told to end tells to end too,
// and one that is killed cannot.
func (l *life) Spawn(ctx context.Context, image string, port int, container, version string) error {
	script, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		select {
		case <-l.killed:
		default:
			stop()
		}
	})
	return l.asDocker("spawn "+container, func() error {
		defer stop()
		return l.docker.Spawn(script, image, port, container, version)
	})
}

func (l *life) Remove(ctx context.Context, name, image string, grace time.Duration) error {
	return l.asDocker("remove "+name, func() error { return l.docker.Remove(ctx, name, image, grace) })
}

func (l *life) AwaitRemoval(ctx context.Context, name string) error {
	_, err := asked(l, func() (any, error) { return nil, l.docker.AwaitRemoval(ctx, name) })
	return err
}

// asked is a call that changes nothing: only the dead do not make it.
func asked[T any](l *life, ask func() (T, error)) (answer T, err error) {
	select {
	case <-l.killed:
		return answer, errKilled
	default:
		return ask()
	}
}

func (l *life) Servers(ctx context.Context) ([]engine.Container, error) {
	return asked(l, func() ([]engine.Container, error) { return l.docker.Servers(ctx) })
}

func (l *life) FirstServerVersion(ctx context.Context) (string, error) {
	return asked(l, func() (string, error) { return l.docker.FirstServerVersion(ctx) })
}

func (l *life) ServerImages(ctx context.Context) ([]string, error) {
	return asked(l, func() ([]string, error) { return l.docker.ServerImages(ctx) })
}

func (l *life) Usages(ctx context.Context) ([]engine.Usage, error) {
	return asked(l, func() ([]engine.Usage, error) { return l.docker.Usages(ctx) })
}

func (l *life) DataDir(ctx context.Context) (string, error) { return l.docker.DataDir(ctx) }

func (l *life) Wait(ctx context.Context, docker *program.Outage) error {
	return l.docker.Wait(ctx, docker)
}

func (l *life) Ping(ctx context.Context) error {
	_, err := asked(l, func() (any, error) { return nil, l.docker.Ping(ctx) })
	return err
}

func (l *life) probe(ctx context.Context, server fleet.Server) error {
	_, err := asked(l, func() (any, error) { return nil, l.docker.probe(ctx, server) })
	return err
}
