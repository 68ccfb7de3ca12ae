package deploy

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// free returns the ports that the next release could get.
func (w *world) free() (ports []int) {
	w.Helper()
	if err := w.alone(undisturbed(), func(ctx context.Context, d *Deployer) (err error) {
		ports, err = d.freePorts(ctx)
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return ports
}

// from moves the ports of the colour's releases to where no other test looks.
func (w *world) from(first int) {
	w.Helper()
	w.colour.site.First, w.daemon.boxes[0].Port = first, first+1
	w.lists = fleet.Open(fleet.Redis{Address: w.redis.Address}, w.colour.site)
	w.Cleanup(func() { w.lists.Close() })
	w.rotation, _ = w.lists.Rotation("blue")
	w.redis.Remove("blueServers")
}

// A proxy may still have requests for a port that had a release a moment ago.
func TestFreePorts_StartAfterTheLastOneAndComeRound(t *testing.T) {
	w := pushedWorld(t)
	const first = 19200
	w.from(first) // and the release has the second
	w.config.Ports = 4
	url := func(port int) string { return w.colour.site.Server(port).URL }
	for _, test := range []struct {
		name string
		last int
		make func()
		want []int
	}{
		{"after the last", first + 1, func() {}, []int{first + 2, first + 3, first}},
		{"round", first + 3, func() {}, []int{first, first + 2, first + 3}},
		{"the first release of all", 0, func() {}, []int{first, first + 2, first + 3}},
		{"one is listed", 0, func() { w.redis.Push("blueServers", url(first)) }, []int{first + 2, first + 3}},
		{"one drains", 0, func() { w.redis.Push("drainBlueServers", url(first+2)) }, []int{first + 3}},
		{"a stranger listens", 0, func() { w.listens(first + 3) }, nil},
	} {
		test.make()
		if err := w.ledger().SetLastPort(test.last); err != nil {
			t.Fatal(err)
		}
		if got := w.free(); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// listens has somebody listen on a port of the host until the test ends.
func (w *world) listens(port int) {
	w.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(w.config.HostIP, strconv.Itoa(port)))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { listener.Close() })
}

// takenDocker is a Docker on whose host somebody takes the first ports that it
// is given, that many.
type takenDocker struct {
	docker
	left *int
}

func (d takenDocker) Start(ctx context.Context, release engine.Release, runtime engine.Runtime, repository, host string) (string, error) {
	if *d.left--; *d.left >= 0 {
		return "", engine.ErrPortTaken
	}
	return d.docker.Start(ctx, release, runtime, repository, host)
}

func TestPush_TakesAnotherPortIfItsOwnIsTakenMeanwhile(t *testing.T) {
	for _, test := range []struct {
		taken  int
		last   string
		serves int
	}{
		{2, "DEPLOYED blue THREE sha256:THREE", 2},
		{99, "DEPLOY FAILED blue run THREE: all 20 ports from 50200 are taken: stop what listens there, or choose others with BLUE_FIRST_PORT and make up", 1},
	} {
		t.Run(strconv.Itoa(test.taken), func(t *testing.T) {
			w := pushedWorld(t)
			w.with(func(d *Deployer) { d.docker = takenDocker{d.docker, &test.taken} })
			err := w.push(undisturbed(), w.revisions[2])
			if got := lastLine(w.said()); got != test.last || (err == nil) != strings.HasPrefix(got, "DEPLOYED") {
				t.Errorf("got %v and\n%s, want\n%s", err, w.said(), test.last)
			}
			w.wantServing("pushed", w.revisions[test.serves])
		})
	}
}
