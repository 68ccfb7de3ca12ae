package infrastructure

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

// seed repeats the wishes and the kills of a run; who is faster remains chance.
var seed = flag.Uint64("seed", 0, "of the storm: 0 for another one each time")

const (
	stormWishes  = 1000
	stormKills   = 100
	stormServers = 40 // at most, the first included
	// stormAttempts are so many that chance alone has nothing given up.
	stormAttempts = 20
)

// storm is a random run.
type storm struct {
	*scene
	*rand.Rand
	poller *life
	wanted map[fleet.Server]bool
	doomed int // calls that the poller still makes; 0 for any number
	kills  int
	deaths int // of servers
}

func TestPoller_LosesAndDoublesNothingInAStorm(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	scene, err := newScene(redistest.Address(t))
	defer scene.end()
	s := &storm{scene: scene, Rand: rand.New(rand.NewPCG(*seed, 0)), wanted: make(map[fleet.Server]bool)}
	if err := errors.Join(err, s.listed(), s.run()); err != nil {
		t.Fatalf("with -seed=%d: after %d kills: %v", *seed, s.kills, err)
	}
	t.Logf("%d wishes, %d kills, %d servers died; %d servers are left", stormWishes, s.kills, s.deaths, len(s.wanted))
}

// run has the wishes granted while pollers are killed, and then sees whether
// the servers are those that are still wanted.
func (s *storm) run() error {
	s.docker.builds, s.docker.removal = time.Millisecond, time.Millisecond
	s.docker.spawn = s.mishap
	if err := s.reborn(); err != nil {
		return err
	}
	defer func() { s.poller.kill() }()
	for n := range stormWishes {
		if err := s.wish(); err != nil {
			return fmt.Errorf("wish %d: %w; events:\n%s", n, err, s.story())
		}
		s.damage()
		if n%(stormWishes/stormKills) == 0 {
			if err := s.kill(); err != nil {
				return err
			}
		}
	}
	return s.settled(outcome{servers: s.ports()}, s.poller)
}

// ports returns those of the servers that are wanted.
func (s *storm) ports() (all []int) {
	for server := range maps.Keys(s.wanted) {
		all = append(all, server.Port)
	}
	slices.Sort(all)
	return all
}

// reborn starts the next poller.
func (s *storm) reborn() (err error) {
	s.docker.locked(func() { s.docker.lags = s.IntN(2) == 0 })
	s.poller, err = s.live(stormAttempts, s.fate)
	return err
}

// fate breaks one of 200 connections, and kills when the time has come.
func (s *storm) fate(string, int, stage) (fate fate) {
	s.docker.locked(func() {
		switch {
		case s.doomed == 1:
			fate = kills
		case rand.IntN(200) == 0:
			fate = breaks
		}
		s.doomed = max(0, s.doomed-1)
	})
	return fate
}

// kill has the poller die at one of its next calls, and starts another.
func (s *storm) kill() error {
	s.docker.locked(func() { s.doomed = 1 + s.IntN(60) })
	select {
	case <-s.poller.killed:
	case <-time.After(settleTimeout):
		return errors.New("the poller does nothing any more")
	}
	s.poller.kill()
	s.kills++
	return s.reborn()
}

// mishap fails one of 20 starts.
func (s *storm) mishap(int) error {
	if rand.IntN(20) == 0 {
		return errors.New("no space left on device")
	}
	return nil
}

// wish wishes a server to come, or one to go, more often what leads to half of
// the servers that there may be. It waits until the wish can be had.
func (s *storm) wish() error {
	wish := s.destroy
	if few := len(s.wanted) < stormServers/2; len(s.wanted) == 0 || few == (s.IntN(10) < 7) {
		wish = s.spawn
	}
	for end := time.Now().Add(settleTimeout); time.Now().Before(end); time.Sleep(time.Millisecond) {
		err := wish(context.Background())
		if !errors.Is(err, fleet.ErrFull) && !errors.Is(err, fleet.ErrNothingToDestroy) {
			return err
		}
	}
	return errors.New("no server comes, or none goes")
}

func (s *storm) spawn(ctx context.Context) error {
	server, err := s.lists.RequestSpawn(ctx, stormServers)
	if s.wanted[server] {
		return fmt.Errorf("%s was allotted twice", server.URL)
	}
	if err == nil {
		s.wanted[server] = true
	}
	return err
}

func (s *storm) destroy(ctx context.Context) error {
	server, err := s.lists.RequestDestroy(ctx)
	if err == nil && !s.wanted[server] {
		return fmt.Errorf("%s was to be destroyed a second time", server.URL)
	}
	delete(s.wanted, server)
	return err
}

// damage ends one server after 30 wishes or so.
func (s *storm) damage() {
	if ports := s.ports(); s.IntN(30) == 0 && len(ports) > 0 {
		s.docker.kill(ports[s.IntN(len(ports))])
		s.deaths++
	}
}
