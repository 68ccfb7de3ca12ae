package infrastructure

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// releases is Docker, as far as the deployed apps are concerned.
type releases interface {
	AllReleases(ctx context.Context) ([]engine.Release, error)
	Condition(ctx context.Context, id string) (engine.Condition, error)
	Restart(ctx context.Context, id string, grace time.Duration) error
	StartAgain(ctx context.Context, id string) error
	Unpause(ctx context.Context, id string) error
	MemoryKills(ctx context.Context, id string, since time.Time) (last time.Time, kills int)
}

// watcher looks after the deployed apps. What should run is what blueServers or
// greenServers names: the watcher compares that with the containers and with
// what the app answers, logs a difference and mends it. A release that drains,
// or that bin/deploy down has ended, is in neither list and is left alone.
type watcher struct {
	config     Config
	fleet      *fleet.Fleet
	view       *fleet.View
	docker     releases
	ask        func(ctx context.Context, server fleet.Server) (status int, err error)
	heal       func(ctx context.Context, colour string) error
	log        *slog.Logger
	complaints *complaints

	quickAnswer      time.Duration
	firstRepairPause time.Duration
}

func newWatcher(config Config, lists *fleet.Fleet, docker releases, complaints *complaints) *watcher {
	log := complaints.log
	return &watcher{
		config:     config,
		fleet:      lists,
		view:       lists.View(),
		docker:     docker,
		ask:        askApp,
		heal:       healer{root: config.Root, deployDir: config.DeployDir, log: log}.heal,
		log:        log,
		complaints: complaints,

		quickAnswer:      quickAnswer,
		firstRepairPause: firstRepairPause,
	}
}

// sight is what is known of the apps at one moment: the lists, and what ran
// just after they were read.
type sight struct {
	lists fleet.Lists
	found []engine.Release
}

// run looks at every interval until ctx ends. Each colour has its own
// goroutine, because a repair may take long; one that is busy misses a look and
// gets a fresh one afterwards.
func (w *watcher) run(ctx context.Context) {
	var apps sync.WaitGroup
	sights := make(map[string]chan sight)
	for _, colour := range fleet.Colours {
		each := make(chan sight)
		sights[colour] = each
		apps.Go(func() { w.follow(ctx, colour, each) })
	}
	ticker := time.NewTicker(w.config.WatchInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		seen, err := w.see(ctx)
		w.complaints.report("watching the deployed apps", err)
		for _, each := range sights {
			if err != nil {
				break
			}
			select {
			case each <- seen:
			default:
			}
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	apps.Wait()
}

// see costs a system at rest one short command to Redis and one to Docker.
func (w *watcher) see(ctx context.Context) (sight, error) {
	lists, err := w.view.Lists(ctx)
	if err != nil {
		return sight{}, err
	}
	found, err := w.docker.AllReleases(ctx)
	return sight{lists, found}, err
}

// follow looks at one colour's app as often as a sight comes.
func (w *watcher) follow(ctx context.Context, colour string, sights <-chan sight) {
	app := &app{watcher: w, colour: colour, log: w.log.With("colour", colour)}
	for {
		select {
		case <-ctx.Done():
			return
		case seen := <-sights:
			app.look(ctx, seen)
		}
	}
}
