package infrastructure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deux/internal/redistest"
)

// scenario is work that a poller finds, and may die at.
type scenario struct {
	name    string
	prepare func(*scene) error
	outcome outcome
}

var scenarios = []scenario{
	{"spawn", func(s *scene) error {
		s.docker.builds = 30 * time.Millisecond
		return spawnTwo(s)
	}, outcome{servers: []int{3001, 3002}}},
	{"spawn, name still taken", func(s *scene) error {
		s.docker.taken = site.Server(3001).Image()
		s.docker.lags = true
		return spawnTwo(s)
	}, outcome{servers: []int{3001, 3002}}},
	{"spawn given up", func(s *scene) error {
		s.docker.spawn = func(port int) error { return errors.New("port is already allocated") }
		_, err := s.lists.RequestSpawn(context.Background(), 20)
		return err
	}, outcome{failed: []string{url(3001)}}},
	{"destroy", destroyOne, outcome{servers: []int{3002}}},
	{"destroy, slow removal", func(s *scene) error {
		s.docker.removal = 30 * time.Millisecond
		s.docker.lags = true
		return destroyOne(s)
	}, outcome{servers: []int{3002}}},
	{"destroy given up", func(s *scene) error {
		s.docker.remove = func(string) error { return errors.New("it is not of this system") }
		return destroyOne(s)
	}, outcome{servers: []int{3002}, failed: []string{url(3001)}, kept: []int{3001}}},
	{"renewal", func(s *scene) error {
		s.docker.removal = 30 * time.Millisecond
		s.docker.lags = true
		return renewBoth(s, outdatedVersion)
	}, outcome{servers: []int{3001, 3002}}},
	{"renewal given up, and no other is begun", func(s *scene) error {
		s.docker.spawn = func(int) error { return errors.New("no space left on device") }
		return renewBoth(s, "older")
	}, outcome{servers: []int{3002}, failed: []string{url(3001)}}},
	{"server died", func(s *scene) error {
		err := s.listed(3001, 3002)
		s.docker.kill(3001)
		return err
	}, outcome{servers: []int{3001, 3002}}},
	{"server died, and is to go", func(s *scene) error {
		err := destroyOne(s)
		s.docker.kill(3001)
		return err
	}, outcome{servers: []int{3002}}},
	{"lists lost", func(s *scene) error {
		s.docker.run(3001, 3002)
		return nil
	}, outcome{servers: []int{3001, 3002}}},
	{"garbage", func(s *scene) error {
		return errors.Join(s.listed(3001), s.put("servers", garbage[0]), s.put("tempServers", garbage[0], garbage[1]),
			s.put("drainServers", garbage[2]))
	}, outcome{servers: []int{3001}, failed: garbage}},
	{"the first server is wished for", func(s *scene) error {
		return errors.Join(s.listed(3001), s.put("tempServers", url(3000)), s.put("deleteServers", url(3000)))
	}, outcome{servers: []int{3001}}},
}

func spawnTwo(s *scene) error {
	err := s.listed()
	for range 2 {
		_, wish := s.lists.RequestSpawn(context.Background(), 20)
		err = errors.Join(err, wish)
	}
	return err
}

func destroyOne(s *scene) error {
	return errors.Join(s.listed(3001, 3002), s.lists.RequestDestroyOf(context.Background(), site.Server(3001)))
}

func renewBoth(s *scene, from string) error {
	s.docker.setFirst("new")
	for _, port := range []int{3001, 3002} {
		s.docker.version[site.Server(port).Container()] = from
	}
	return s.listed(3001, 3002)
}

var garbage = []string{"http://172.17.0.1:3001; rm -rf /", "http://elsewhere:3001", "\"\n"}

// matrixAttempts leaves one more for a lost answer and a name that is taken.
const matrixAttempts = 3

// play plays the scenario in the Redis at address. It returns the calls of the
// first poller, and whether anything struck it.
func (c scenario) play(address string, fates fates) (calls map[string]*times, struck bool, err error) {
	s, err := newScene(address)
	defer s.end()
	if err := errors.Join(err, c.prepare(s)); err != nil {
		return nil, false, err
	}
	first, err := s.live(matrixAttempts, fates)
	if err != nil {
		return nil, false, err
	}
	defer first.kill()
	if err := s.settled(c.outcome, first); !errors.Is(err, errKilled) {
		return first.counted(), first.wasStruck(), err
	}
	first.kill()
	next, err := s.live(matrixAttempts, undisturbed)
	if err != nil {
		return nil, true, err
	}
	defer next.kill()
	return nil, true, s.settled(c.outcome, next)
}

// parallel is how many scenes are played at a time. They wait more than they work.
const parallel = 12

// inParallel does work with each item, each worker with a Redis of its own.
func inParallel[T any](t *testing.T, items []T, work func(address string, item T)) {
	t.Helper()
	queue := make(chan T)
	var workers sync.WaitGroup
	for range min(parallel, len(items)) {
		address := redistest.Address(t)
		workers.Go(func() {
			for item := range queue {
				work(address, item)
			}
		})
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	workers.Wait()
}

// visit is of one point of a scenario.
type visit struct {
	scenario
	point
}

// fewestPoints is how many there are at least. Fewer mean that the harness does
// not see what the poller does.
const fewestPoints = 90

func TestPoller_HealsWhereverItIsKilled(t *testing.T) {
	t.Parallel()
	visits := countedVisits(t)
	if t.Failed() {
		return
	}
	reached := make(map[string]int)
	var mu sync.Mutex
	inParallel(t, visits, func(address string, v visit) {
		_, isReached, err := v.play(address, v.point.once())
		if err != nil {
			t.Errorf("%s, %s: %v", v.name, v.point, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if isReached {
			reached[v.name]++
			reached[""]++
		} else {
			t.Logf("%s, %s: did not come this time", v.name, v.point)
		}
	})
	for _, c := range scenarios {
		t.Logf("%4d points: %s", reached[c.name], c.name)
	}
	t.Logf("%4d points of %d", reached[""], len(visits))
	if reached[""] < fewestPoints {
		t.Errorf("got %d points, want at least %d", reached[""], fewestPoints)
	}
}

// countedVisits plays each scenario undisturbed and returns the points that it
// has.
func countedVisits(t *testing.T) (all []visit) {
	t.Helper()
	var mu sync.Mutex
	inParallel(t, scenarios, func(address string, c scenario) {
		calls, _, err := c.play(address, undisturbed)
		if err != nil {
			t.Errorf("%s, undisturbed: %v", c.name, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, at := range pointsOf(calls) {
			all = append(all, visit{c, at})
		}
	})
	slices.SortFunc(all, func(a, b visit) int { return strings.Compare(fmt.Sprint(a.name, a.point), fmt.Sprint(b.name, b.point)) })
	return all
}
