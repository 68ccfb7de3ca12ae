package infrastructure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/fleet"
	"deux/internal/program"
)

// scene is a system in which pollers live and die: a Redis, a Docker, and a
// proxy that takes off drainServers what has no request any more.
type scene struct {
	address string
	dir     string // what the pollers keep beside the lists
	docker  *fakeDocker
	lists   *fleet.Fleet
	cli     *redis.Client
	end     func()
}

// newScene returns one in the Redis at address, which it empties: also of
// scripts, so that the same ones are sent in each.
func newScene(address string) (*scene, error) {
	ctx, cancel := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "scene")
	s := &scene{address: address, dir: dir, docker: newFakeDocker(),
		lists: fleet.Open(fleet.Redis{Address: address}, site),
		cli:   redis.NewClient(&redis.Options{Addr: address})}
	proxyEnded := make(chan struct{})
	go func() { s.proxy(ctx); close(proxyEnded) }()
	s.end = func() { cancel(); <-proxyEnded; s.lists.Close(); s.cli.Close(); os.RemoveAll(dir) }
	return s, errors.Join(err, s.cli.FlushAll(ctx).Err(), s.cli.ScriptFlush(ctx).Err())
}

// proxy says of each server that drains that its last request has ended.
func (s *scene) proxy(ctx context.Context) {
	rotation, _ := s.lists.Rotation("proxy")
	for program.Sleep(ctx, 10*time.Millisecond) {
		_, draining, _ := rotation.Read(ctx)
		for _, server := range draining {
			_ = rotation.Drained(ctx, server)
		}
	}
}

// put adds elements to a list.
func (s *scene) put(key string, elements ...any) error {
	return s.cli.RPush(context.Background(), key, elements...).Err()
}

// listed starts a system at rest with the first server and these.
func (s *scene) listed(ports ...int) error {
	s.docker.run(ports...)
	elements := []any{url(site.First)}
	for _, port := range ports {
		elements = append(elements, url(port))
	}
	return s.put("servers", elements...)
}

// outcome is what a system must come to.
type outcome struct {
	servers []int    // besides the first
	failed  []string // elements
	kept    []int    // servers that are among the failed and were not removed
}

// working are the lists that are empty at rest.
var working = []string{"tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"}

// wrong says in what the system is not what it must come to, or nothing.
func (s *scene) wrong(want outcome) string {
	urls := []string{url(site.First)}
	for _, port := range want.servers {
		urls = append(urls, url(port))
	}
	expected := map[string][]string{"servers": urls, "failedServers": want.failed}
	for key, got := range s.elements() {
		if !slices.Equal(got, slices.Sorted(slices.Values(expected[key]))) {
			return fmt.Sprintf("%s: got %q, want %q", key, got, expected[key])
		}
	}
	return s.docker.wrong(slices.Concat(want.servers, want.kept))
}

// elements returns what the lists hold, sorted.
func (s *scene) elements() map[string][]string {
	ctx, all := context.Background(), make(map[string][]string)
	pipeline := s.cli.TxPipeline()
	reads := make(map[string]*redis.StringSliceCmd)
	for _, key := range append([]string{"servers", "failedServers"}, working...) {
		reads[key] = pipeline.LRange(ctx, key, 0, -1)
	}
	_, _ = pipeline.Exec(ctx)
	for key, read := range reads {
		all[key] = slices.Sorted(slices.Values(read.Val()))
	}
	return all
}

// wrong says in what Docker differs from one with these servers and no more.
func (d *fakeDocker) wrong(ports []int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.faults) > 0 {
		return fmt.Sprintf("Docker: %q", d.faults)
	}
	if len(d.running) != len(ports) || len(d.images) != len(ports) {
		return fmt.Sprintf("Docker: got containers %v and images %v, want those of %v", d.running, d.images, ports)
	}
	for _, port := range ports {
		name := site.Server(port).Container()
		if d.running[name] != port || d.removing[name] || !d.images[site.Server(port).Image()] {
			return fmt.Sprintf("Docker: got containers %v and images %v, want those of %d", d.running, d.images, port)
		}
		if d.first != "" && (d.version[name] == "" || d.version[name] == outdatedVersion) {
			return fmt.Sprintf("Docker: %s runs what is outdated", name)
		}
	}
	return ""
}

// outdatedVersion is of a server that was started before the first one changed.
const outdatedVersion = "old"

// settleTimeout is how long a system may take to come to what it must.
const settleTimeout = time.Minute

// settled waits until the system is what it must come to, and for three
// comparisons of the poller more.
func (s *scene) settled(want outcome, poller *life) error {
	since := -1
	for end := time.Now().Add(settleTimeout); ; time.Sleep(10 * time.Millisecond) {
		wrong := s.wrong(want)
		var looks int
		s.docker.locked(func() { looks = s.docker.looks })
		switch {
		case wrong != "" || s.docker.isBusy():
			since = -1
		case since < 0:
			since = looks
		case looks >= since+3:
			return s.contradiction(want)
		}
		select {
		case <-poller.killed:
			return errKilled
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s; Docker saw %q; events:\n%s", wrong, s.docker.events, s.story())
		}
	}
}
