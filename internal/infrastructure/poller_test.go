package infrastructure

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
	"deux/internal/redistest"
	"deux/internal/settings"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

func url(port int) string { return site.Server(port).URL }

// fakeDocker is Docker and the spawn script in memory, to force the failures
// that real ones rarely have. A container runs from spawn to remove.
type fakeDocker struct {
	mu      sync.Mutex
	running map[string]int    // port by container
	spent   time.Duration     // by the one server, of processors
	version map[string]string // by container
	first   string            // what the first server was started from; empty: nobody can tell
	hang    bool              // whether spawns never end by themselves
	// answerAll makes every server answer, whether its container runs or not.
	answerAll bool
	away      bool
	events    []string
	spawn     func(port int) error            // may fail or block
	remove    func(name string) error         // may look around
	answer    func(server fleet.Server) error // the probe, of what runs
}

func newFakeDocker() *fakeDocker {
	return &fakeDocker{
		running: make(map[string]int),
		version: make(map[string]string),
		spawn:   func(int) error { return nil },
		remove:  func(string) error { return nil },
		answer:  func(fleet.Server) error { return nil },
	}
}

var errAway = errors.New("cannot connect to Docker")

func (d *fakeDocker) Ping(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return errAway
	}
	return nil
}

func (d *fakeDocker) Wait(ctx context.Context, _ *slog.Logger) error {
	for d.Ping(ctx) != nil {
		if !program.Sleep(ctx, time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

func (d *fakeDocker) Servers(ctx context.Context) ([]engine.Container, error) {
	if err := d.Ping(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []engine.Container
	for name, port := range d.running {
		all = append(all, engine.Container{Name: name, Port: port, Running: true, Version: d.version[name]})
	}
	return all, nil
}

func (d *fakeDocker) FirstServer(ctx context.Context) (string, error) {
	if err := d.Ping(ctx); err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first, nil
}

func (d *fakeDocker) setFirst(first string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = first
}

func (d *fakeDocker) Remove(ctx context.Context, name, _ string, _ time.Duration) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	if err := d.remove(name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, name)
	d.events = append(d.events, "remove "+name)
	return nil
}

func (d *fakeDocker) Spawn(ctx context.Context, image string, port int, container, version string) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	d.events = append(d.events, "spawn "+image+" "+container)
	d.version[container] = version
	d.mu.Unlock()
	if d.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := d.spawn(port); err != nil {
		return err
	}
	d.run(port)
	return ctx.Err()
}

func (d *fakeDocker) run(ports ...int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, port := range ports {
		d.running[site.Server(port).Container()] = port
	}
}

func (d *fakeDocker) kill(port int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, site.Server(port).Container())
}

func (d *fakeDocker) setAway(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func (d *fakeDocker) happened(event string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.events, event)
}

// probe answers for what runs, and for the first server, which is Compose's.
func (d *fakeDocker) probe(_ context.Context, server fleet.Server) error {
	d.mu.Lock()
	_, runs := d.running[server.Container()]
	d.mu.Unlock()
	if !runs && !d.answerAll && server != site.FirstServer() {
		return errors.New("connection refused")
	}
	return d.answer(server)
}

// world is a poller on a real Redis and a fake Docker.
type world struct {
	*fakeDocker
	t      *testing.T
	fleet  *fleet.Fleet
	cli    *redis.Client
	poller *Poller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	address := redistest.Address(t)
	w := &world{fakeDocker: newFakeDocker(), t: t, fleet: fleet.Open(fleet.Redis{Address: address}, site),
		cli: redis.NewClient(&redis.Options{Addr: address})}
	config := Config{Site: site, Fleet: "test", Parallel: 4, Attempts: 2, StartTimeout: time.Second,
		DrainTimeout: 200 * time.Millisecond, SpawnTimeout: 10 * time.Second, LevelInterval: 50 * time.Millisecond}
	w.poller = newPoller(config, w.fleet, w.fakeDocker, w.fakeDocker, slog.New(slog.DiscardHandler))
	w.poller.probe = w.fakeDocker.probe
	t.Cleanup(func() { w.fleet.Close(); w.cli.Close() })
	return w
}

// start runs the poller until the returned function or the test ends.
func (w *world) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.poller.run(ctx); close(ended) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	w.t.Cleanup(stop)
	return stop
}

func (w *world) put(key string, elements ...any) {
	w.t.Helper()
	if err := w.cli.RPush(w.t.Context(), key, elements...).Err(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) list(key string) []string {
	elements := w.cli.LRange(context.Background(), key, 0, -1).Val()
	slices.Sort(elements)
	return elements
}

// want waits until the list holds the elements, in any order.
func (w *world) want(key string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	w.eventually(func() bool { return slices.Equal(w.list(key), want) }, func() {
		w.t.Fatalf("%s: got %q, want %q; Docker saw %q", key, w.list(key), want, w.events)
	})
}

// wantEvent waits until Docker was told to do something.
func (w *world) wantEvent(event string) {
	w.t.Helper()
	w.eventually(func() bool { return w.happened(event) }, func() {
		w.t.Fatalf("Docker saw %q, want %q among it", w.events, event)
	})
}

func (w *world) eventually(reached func() bool, fail func()) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			fail()
		}
	}
}

func TestPoller_TurnsWishesIntoListedServers(t *testing.T) {
	w := newWorld(t)
	w.put("servers", url(3000))
	w.start()
	for range 3 {
		if _, err := w.fleet.RequestSpawn(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3000), url(3001), url(3002), url(3003))
	w.want("spawningServers")
	if !w.happened("spawn webapp_3002 webapp_3002_app") {
		t.Errorf("got %q, want spawn webapp_3002 webapp_3002_app", w.events)
	}
}

func TestPoller_ListsAServerOnlyAfterItAnswers(t *testing.T) {
	w := newWorld(t)
	probed := make(chan struct{}, 100)
	var ready sync.Mutex
	answers := false
	w.answer = func(server fleet.Server) error {
		ready.Lock()
		defer ready.Unlock()
		if server.Port == 3001 {
			select {
			case probed <- struct{}{}:
			default:
			}
			if !answers {
				return errors.New("starting")
			}
		}
		return nil
	}
	w.put("tempServers", url(3001))
	w.start()
	for range 3 {
		<-probed
	}
	if slices.Contains(w.list("servers"), url(3001)) {
		t.Error("listed before it answered")
	}
	w.want("spawningServers", url(3001))
	ready.Lock()
	answers = true
	ready.Unlock()
	w.want("servers", url(3000), url(3001))
}

func TestPoller_GivesUpAfterTheLastTryAndHoldsNobodyUp(t *testing.T) {
	w := newWorld(t)
	w.spawn = func(port int) error {
		if port == 3001 {
			return errors.New("port is already allocated")
		}
		return nil
	}
	w.put("tempServers", url(3002), url(3001))
	w.start()
	w.want("servers", url(3000), url(3002))
	w.want("failedServers", url(3001))
	w.want("spawningServers")
	if !w.happened("remove webapp_3001_app") {
		t.Errorf("got %q, want the remains of 3001 removed", w.events)
	}
	server, err := w.fleet.RequestSpawn(t.Context(), 20)
	if err != nil || server.Port != 3003 {
		t.Errorf("the next /spawn: got %v, %v, want port 3003", server, err)
	}
}

func TestPoller_AFailedServerThatIsSpawnedAgainIsNoLongerFailed(t *testing.T) {
	w := newWorld(t)
	w.put("failedServers", url(3001))
	w.put("tempServers", url(3001))
	w.start()
	w.want("servers", url(3000), url(3001))
	w.want("failedServers")
}

func TestPoller_SetsGarbageAsideAndRunsNoneOfIt(t *testing.T) {
	w := newWorld(t)
	garbage := []string{"http://172.17.0.1:3001;rm -rf /", "http://172.17.0.1:99999", "http://elsewhere:3001", ""}
	for _, key := range []string{"servers", "tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"} {
		for _, element := range garbage {
			w.put(key, element)
		}
	}
	w.start()
	w.want("failedServers", garbage...)
	for _, key := range []string{"tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"} {
		w.want(key)
	}
	w.want("servers", url(3000))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_FinishesWhatAnEarlierOneLeft(t *testing.T) {
	w := newWorld(t)
	w.run(3002, 3003)
	w.put("servers", url(3000), url(3003))
	w.put("spawningServers", url(3001), url(3002))
	w.put("destroyingServers", url(3003))
	w.start()
	w.want("servers", url(3000), url(3001), url(3002))
	w.want("destroyingServers")
	if w.happened("spawn webapp_3002 webapp_3002_app") {
		t.Error("3002 was spawned again though it answers")
	}
	if !w.happened("remove webapp_3003_app") {
		t.Errorf("got %q, want webapp_3003_app removed", w.events)
	}
}

func TestPoller_ToldToEndLeavesItsWorkInTheLists(t *testing.T) {
	w := newWorld(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	w.spawn = func(int) error { close(begun); <-finish; return errors.New("signal: terminated") }
	w.put("tempServers", url(3001))
	stop := w.start()
	<-begun
	go close(finish)
	stop()
	w.want("spawningServers", url(3001))
	w.want("failedServers")
}

func TestPoller_DoesNothingForAJobWhoseListHasMovedOn(t *testing.T) {
	w := newWorld(t)
	w.put("failedServers", url(3001))
	w.run(3002)
	w.put("servers", url(3000), url(3002))
	w.poller.beginSpawn(t.Context(), site.Server(3001))   // as a level pass with an
	w.poller.beginDestroy(t.Context(), site.Server(3002)) // older copy of the lists
	w.poller.jobs.wait()
	w.want("failedServers", url(3001))
	w.want("servers", url(3000), url(3002))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_ASpawnThatHangsIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.poller.config.SpawnTimeout = 20 * time.Millisecond
	w.poller.config.Attempts = 1
	w.hang = true
	w.put("tempServers", url(3001))
	w.start()
	w.want("failedServers", url(3001))
}

func TestPoller_LeavesAListedServerThatAnswersAlone(t *testing.T) {
	w := newWorld(t)
	w.answerAll = true // also where no container runs
	w.put("servers", url(3000), url(3001))
	for range maxStrikes + 1 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3000), url(3001))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_UnlistsAndDrainsBeforeItStops(t *testing.T) {
	w := newWorld(t)
	w.poller.config.DrainTimeout = 10 * time.Second
	w.run(3001)
	w.put("servers", url(3000), url(3001))
	w.remove = func(string) error {
		if slices.Contains(w.list("servers"), url(3001)) || len(w.list("drainServers")) != 0 {
			t.Errorf("at the stop: servers %q, drainServers %q", w.list("servers"), w.list("drainServers"))
		}
		return nil
	}
	w.start()
	w.put("deleteServers", url(3001))
	w.want("drainServers", url(3001))
	w.want("servers", url(3000))
	w.want("destroyingServers", url(3001))
	rotation, _ := w.fleet.Rotation("proxy")
	if err := rotation.Drained(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	w.want("destroyingServers")
	w.wantEvent("remove webapp_3001_app")
}

func TestPoller_StopsAServerWhoseRequestsOutlastTheDrainTimeout(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.put("deleteServers", url(3001))
	w.start()
	w.wantEvent("remove webapp_3001_app")
	w.want("destroyingServers")
	w.want("drainServers")
}

func TestPoller_NeitherSpawnsNorDestroysTheFirstServer(t *testing.T) {
	w := newWorld(t)
	w.put("servers", url(3000))
	w.put("deleteServers", url(3000))
	w.put("tempServers", url(3000))
	w.start()
	w.want("deleteServers")
	w.want("tempServers")
	w.want("destroyingServers")
	w.want("spawningServers")
	w.want("servers", url(3000))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_DestroyThatKeepsFailingIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.remove = func(string) error { return errors.New("it is not of this system") }
	w.put("deleteServers", url(3001))
	w.start()
	w.want("failedServers", url(3001))
	w.want("destroyingServers")
}

func TestPoller_SpawnsAServerThatDiedAgain(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.put("servers", url(3000), url(3001))
	w.start()
	w.kill(3001)
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
	w.want("servers", url(3000), url(3001))
}

func TestPoller_UnlistsAServerThatRunsAndDoesNotAnswerUntilItDoes(t *testing.T) {
	w := newWorld(t)
	w.poller.config.StartTimeout = time.Minute
	var mu sync.Mutex
	hung := true
	w.answer = func(server fleet.Server) error {
		mu.Lock()
		defer mu.Unlock()
		if hung && server.Port == 3001 {
			return errors.New("timeout")
		}
		return nil
	}
	w.run(3001)
	w.put("servers", url(3000), url(3001))
	w.start()
	w.want("servers", url(3000))
	w.want("spawningServers", url(3001))
	mu.Lock()
	hung = false
	mu.Unlock()
	w.want("servers", url(3000), url(3001))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_UnlistsTheFirstServerWhileItIsAway(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	away := true
	w.answer = func(fleet.Server) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return errors.New("connection refused")
		}
		return nil
	}
	w.put("servers", url(3000))
	w.start()
	w.want("servers")
	mu.Lock()
	away = false
	mu.Unlock()
	w.want("servers", url(3000))
}

func TestPoller_AdoptsServersWhoseListsWereLost(t *testing.T) {
	w := newWorld(t)
	w.run(3001, 3002)
	w.put("servers", url(3000), url(3001), url(3002))
	w.start()
	if err := w.cli.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.want("servers", url(3000), url(3001), url(3002))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_WaitsForDockerAndCountsNoTryMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.setAway(true)
	w.put("servers", url(3000))
	w.put("tempServers", url(3001))
	w.start()
	w.setAway(false)
	w.want("servers", url(3000), url(3001))

	failing := make(chan struct{}, 100)
	w.spawn = func(int) error {
		w.setAway(true)
		failing <- struct{}{}
		return errAway
	}
	w.put("tempServers", url(3002))
	for range w.poller.config.Attempts + 1 {
		<-failing
		w.setAway(false)
	}
	w.want("failedServers")
	w.want("spawningServers", url(3002))
}

func TestPoller_AtRestOnlyAsksWhetherAnythingChanged(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.put("servers", url(3000), url(3001))
	w.start()
	address := w.cli.Options().Addr
	rest := func(during time.Duration) map[string]int {
		return redistest.Commands(redistest.Listen(t, address, "", func() { time.Sleep(during) }))
	}
	w.eventually(func() bool { heard := rest(100 * time.Millisecond); return len(heard) == 1 && heard["info"] > 0 },
		func() { t.Fatal("the poller does not come to rest") })
	// A pass each 50 ms: twenty in the time.
	if heard := rest(time.Second); len(heard) != 1 || heard["info"] > 21 {
		t.Errorf("in a second of twenty passes Redis heard %v, want INFO at most once a pass and nothing else", heard)
	}
	w.kill(3001)
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
}

func TestPoller_ToldToEndWhileItWaitsForWishesEndsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.put("servers", url(3000))
	stop := w.start()
	waiting := func() bool {
		return strings.Contains(w.cli.Info(t.Context(), "clients").Val(), "blocked_clients:2\r\n")
	}
	w.eventually(waiting, func() { t.Fatal("the claims do not wait") })
	begun := time.Now()
	if stop(); time.Since(begun) > time.Second {
		t.Errorf("the poller ended after %v, want at once", time.Since(begun))
	}
}

func TestPoller_DestroysAServerOnceThoughItIsWishedTwice(t *testing.T) {
	w := newWorld(t)
	w.run(3001)
	w.put("servers", url(3000), url(3001))
	w.put("deleteServers", url(3001), url(3001))
	w.start()
	w.want("deleteServers")
	w.want("destroyingServers")
	w.want("servers", url(3000))
}

// versions returns what the running servers were started from.
func (w *world) versions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for name := range w.running {
		all = append(all, w.version[name])
	}
	return all
}

func TestPoller_RenewsServersOneByOneWhenTheFirstHasChanged(t *testing.T) {
	w := newWorld(t)
	w.setFirst("old")
	w.put("servers", url(3000)) // before the poller adopts it
	w.start()
	w.put("tempServers", url(3001), url(3002), url(3003))
	w.want("servers", url(3000), url(3001), url(3002), url(3003))
	old := w.versions()[0]
	spawned := len(w.events)
	w.spawn = func(port int) error {
		if listed := w.list("servers"); len(listed) != 3 || slices.Contains(listed, url(port)) {
			t.Errorf("while %d is renewed servers is %q, want all but that one", port, listed)
		}
		return nil
	}
	w.setFirst("new")
	w.eventually(func() bool { return !slices.Contains(w.versions(), old) }, func() {
		t.Fatalf("versions: got %q, want none %q", w.versions(), old)
	})
	w.want("servers", url(3000), url(3001), url(3002), url(3003))
	w.want("spawningServers")
	w.want("drainServers")
	if len(w.events) != spawned+3 {
		t.Errorf("Docker saw %q, want three spawns more", w.events[spawned:])
	}
}

func TestPoller_RenewsAServerOnlyAfterItsLastRequest(t *testing.T) {
	w := newWorld(t)
	w.poller.config.DrainTimeout = 10 * time.Second
	w.setFirst("new")
	w.run(3001)
	w.put("servers", url(3000), url(3001))
	w.spawn = func(int) error {
		if got := w.list("drainServers"); len(got) != 0 {
			t.Errorf("at the spawn drainServers is %q, want none", got)
		}
		return nil
	}
	stop := w.start()
	w.want("drainServers", url(3001))
	w.want("spawningServers", url(3001))
	stop() // the next poller goes on
	w.start()
	if len(w.events) != 0 {
		t.Errorf("with a request in flight Docker saw %q, want nothing", w.events)
	}
	rotation, _ := w.fleet.Rotation("proxy")
	if err := rotation.Drained(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	w.want("servers", url(3000), url(3001))
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
}

func TestPoller_RenewsNoMoreWhenOneCouldNotBeStarted(t *testing.T) {
	w := newWorld(t)
	w.poller.config.Attempts = 1
	w.setFirst("broken")
	w.run(3001, 3002)
	w.put("servers", url(3000), url(3001), url(3002))
	w.spawn = func(int) error { return errors.New("does not compile") }
	level := func() {
		t.Helper()
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.poller.jobs.wait()
	}
	for range 4 {
		level()
	}
	if listed, failed := w.list("servers"), w.list("failedServers"); len(listed) != 2 || len(failed) != 1 {
		t.Fatalf("servers %q, failedServers %q: want one failed and the other still listed", listed, failed)
	}
	w.spawn = func(int) error { return nil }
	if level(); len(w.list("servers")) != 2 || w.versions()[0] != "" {
		t.Fatalf("servers %q, versions %q: want nothing renewed before the failed one is seen to", w.list("servers"), w.versions())
	}
	w.put("tempServers", w.list("failedServers")[0])
	w.start()
	w.want("servers", url(3000), url(3001), url(3002))
	w.eventually(func() bool { return !slices.Contains(w.versions(), "") }, func() {
		t.Fatalf("versions: got %q, want both renewed", w.versions())
	})
}

func TestPoller_RenewsAgainWhenTheFirstServerChangesAfterAFailure(t *testing.T) {
	w := newWorld(t)
	w.setFirst("mended")
	w.run(3002)
	w.put("servers", url(3000), url(3002))
	w.put("failedServers", url(3001))
	w.poller.renewal = renewal{server: site.Server(3001), failed: "broken"}
	w.start()
	w.wantEvent("spawn webapp_3002 webapp_3002_app")
	w.want("servers", url(3000), url(3002))
	w.want("failedServers", url(3001))
}

func TestPoller_RenewsNeitherTheFirstServerNorAContainerOfAnotherName(t *testing.T) {
	w := newWorld(t)
	w.setFirst("new")
	w.run(3000)
	w.running["by_hand"] = 3005
	w.answerAll = true
	w.put("servers", url(3000), url(3005))
	for range 3 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.poller.jobs.wait()
	}
	w.want("servers", url(3000), url(3005))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_RenewsNothingWhileTheFirstServerIsAwayOrTheServerIsToGo(t *testing.T) {
	w := newWorld(t)
	w.setFirst("new")
	w.run(3001)
	w.answer = func(server fleet.Server) error {
		if server == site.FirstServer() {
			return errors.New("starting")
		}
		return nil
	}
	w.put("servers", url(3000), url(3001))
	for range maxStrikes + 1 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3001))
	w.answer = func(fleet.Server) error { return nil }
	w.put("deleteServers", url(3001))
	for range 2 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3001), url(3000))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestTakeLock_LetsOnePollerInAndFreesWithIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(path); err == nil || !strings.Contains(err.Error(), "another infrastructure runs") {
		t.Errorf("a second poller: got %v, want a refusal", err)
	}
	first.Close()
	again, err := takeLock(path)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	again.Close()
}

func TestReadConfig_NamesABadSetting(t *testing.T) {
	_, err := ReadConfig(settings.From(func(name string) string {
		return map[string]string{"DRAIN_TIMEOUT": "soon"}[name]
	}))
	if err == nil || !strings.Contains(err.Error(), `DRAIN_TIMEOUT="soon"`) {
		t.Errorf("got %v, want an error that names DRAIN_TIMEOUT", err)
	}
}
