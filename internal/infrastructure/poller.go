// Package infrastructure turns wishes in the lists into containers. It is the
// one program outside the containers: it may talk to Docker, they may not.
//
// Two loops claim wishes as they come, and a level pass compares every few
// seconds what the lists say with what Docker runs and mends the difference.
// Both only start jobs; a job may die with its process at any point, because
// the list that holds a server says what is left to do.
package infrastructure

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
)

// containers is Docker, as far as this package needs it.
type containers interface {
	usages
	Wait(ctx context.Context, docker *program.Outage) error
	Ping(ctx context.Context) error
	Servers(ctx context.Context) ([]engine.Container, error)
	FirstServerVersion(ctx context.Context) (string, error)
	ServerImages(ctx context.Context) (names []string, err error)
	Remove(ctx context.Context, name, image string, grace time.Duration) error
	AwaitRemoval(ctx context.Context, name string) error
}

// spawner builds image for port and starts it as container, labelled with the
// version.
type spawner interface {
	Spawn(ctx context.Context, image string, port int, container, version string) error
}

// Poller does the work that the lists hold.
type Poller struct {
	config  Config
	fleet   *fleet.Fleet
	view    *fleet.View // of the level pass
	docker  containers
	spawner spawner
	probe   func(context.Context, fleet.Server) error
	log     *slog.Logger
	secret  string // changes with the password
	pauses  pauses

	jobs       *jobs
	spawns     chan struct{} // a slot for each server being spawned
	destroys   chan struct{} // a slot for each server being destroyed
	strikes    map[fleet.Server]int
	passes     int     // of the level loop
	renewal    renewal // the last one
	complaints *complaints
}

// pauses are between two tries.
type pauses struct {
	trouble    time.Duration // of a loop, after an error that may last
	firstRetry time.Duration // of one job
	maxRetry   time.Duration
}

// Run polls until ctx ends. It returns an error only when it cannot start.
func Run(ctx context.Context, config Config, log *slog.Logger) error {
	lock, err := takeLock(config.LockFile)
	if err != nil {
		return err
	}
	defer lock.Close()
	docker, err := engine.Open(config.Fleet)
	if err != nil {
		return err
	}
	defer docker.Close()
	lists := fleet.Open(config.Redis, config.Site).As("infrastructure")
	defer lists.Close()
	spawner := &engine.Spawner{Root: config.Root, Script: "scripts/spawn_docker.sh", Env: append(config.scriptEnv(), config.secretEnv()...), Log: log}

	var parts sync.WaitGroup
	complaints := newComplaints(log)
	parts.Go(func() { newWatcher(config, lists, docker, complaints).run(ctx) })
	newPoller(config, lists, docker, spawner, complaints).run(ctx)
	parts.Wait()
	return nil
}

func newPoller(config Config, lists *fleet.Fleet, docker containers, spawner spawner, complaints *complaints) *Poller {
	return &Poller{
		config:     config,
		fleet:      lists,
		view:       lists.View(),
		docker:     docker,
		spawner:    spawner,
		probe:      probe,
		log:        complaints.log,
		secret:     mark(config),
		pauses:     pauses{trouble: time.Second, firstRetry: time.Second, maxRetry: 30 * time.Second},
		jobs:       newJobs(),
		spawns:     make(chan struct{}, config.Parallel),
		destroys:   make(chan struct{}, config.Parallel),
		strikes:    make(map[fleet.Server]int),
		renewal:    lastRenewal(config),
		complaints: complaints,
	}
}

func (p *Poller) run(ctx context.Context) {
	if p.fleet.Wait(ctx, p.complaints.redis) != nil || p.docker.Wait(ctx, p.complaints.docker) != nil {
		return // told to end before it could start
	}
	p.log.Info("Infrastructure polls", "redis", p.config.Redis.Address, "first", p.config.Site.FirstServer().URL)
	var loops sync.WaitGroup
	loops.Go(func() { p.claim(ctx, p.fleet.ClaimSpawn, p.beginSpawn) })
	loops.Go(func() { p.claim(ctx, p.fleet.ClaimDestroy, p.beginDestroy) })
	loops.Go(func() { p.levelLoop(ctx) })
	loops.Go(func() { p.vitalsLoop(ctx) })
	loops.Wait()
	p.jobs.wait()
	p.log.Info("Infrastructure ends")
}

// How long a claim waits for a wish. A long wait keeps Redis quiet at rest and
// delays nothing: a wish ends it, and so does the context. After an error one
// short claim finds out whether the trouble is over.
const (
	claimPatience = 30 * time.Second
	shortPatience = time.Second
)

// claim hands each element of a list to begin as it comes. What is not a server
// stays where the claim put it: the next level pass sets it aside.
func (p *Poller) claim(ctx context.Context, next func(context.Context, time.Duration) (string, error), begin func(context.Context, fleet.Server)) {
	for patience := claimPatience; ctx.Err() == nil; {
		element, err := next(ctx, patience)
		if errors.Is(err, fleet.ErrNoWork) {
			err = nil
		}
		p.complaints.reportRedis("claiming work", err)
		if err != nil {
			patience = shortPatience
			program.Sleep(ctx, p.pauses.trouble)
			continue
		}
		patience = claimPatience
		if server, err := p.fleet.Parse(element); err == nil {
			begin(ctx, server)
		}
	}
}

// persist repeats a change of the lists until Redis has taken it, or ctx ends.
// Then the lists still hold the work, and the next poller repeats it. It
// reports whether Redis has taken it.
func (p *Poller) persist(ctx context.Context, change func(context.Context, fleet.Server) error, server fleet.Server) bool {
	for range program.Pauses(ctx, p.pauses.trouble, p.pauses.trouble) {
		err := change(ctx, server)
		p.complaints.reportRedis("writing the lists", err)
		if err == nil {
			return true
		}
	}
	return false
}

// stillWanted asks the list itself whether a job has anything to do: what
// started the job may have read the list before an earlier job changed it.
func (p *Poller) stillWanted(ctx context.Context, ask func(context.Context, fleet.Server) (bool, error), server fleet.Server) bool {
	wanted := false
	p.persist(ctx, func(ctx context.Context, server fleet.Server) (err error) {
		wanted, err = ask(ctx, server)
		return err
	}, server)
	return wanted
}
