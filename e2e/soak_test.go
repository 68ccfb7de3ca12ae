package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSoak does to a system under load whatever may happen to one, at random,
// for as long as SOAK says. Every few actions it stops, waits until the system
// has settled and looks whether all is as it must be. A request may fail only
// where an action excuses it. SEED repeats the choices of a run that failed, but
// not the moments at which things meet.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := prepare(t, "deuxsoak", whole...)
	length, err := time.ParseDuration(valueOf("SOAK", "2m"))
	if err != nil {
		t.Fatalf("setting SOAK: %v: expected a time such as 30m", err)
	}
	seed, err := strconv.ParseUint(valueOf("SEED", strconv.FormatUint(rand.Uint64()>>40, 10)), 10, 64)
	if err != nil {
		t.Fatalf("setting SEED: %v: expected a number that a run has printed", err)
	}
	t.Logf("SEED=%d", seed)
	if !mayRestartDocker() {
		t.Log("Docker is not restarted: that takes SOAK_DOCKER=yes and systemd")
	}
	s.set("DRAIN_TIMEOUT=10s", "HEALTH_TIMEOUT=20s", "HANG_TIMEOUT=8s", "RESPONSE_TIMEOUT=20s", "STOP_GRACE_SECONDS=3")
	s.output("sh", "-c", "docker ps --all --quiet --filter label=deux.fleet=deuxsoak | xargs -r docker rm --force") // of a run that was interrupted
	s.start("up.sh")
	s.buildTestApp()
	k := newSoak(s, seed)
	defer k.tell()
	k.deployFirst()
	k.spawnFirst()
	k.run(length)
}

func valueOf(name, usual string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return usual
}

// soak is one run: the system, what it should look like, and what was done.
type soak struct {
	*system
	seed    uint64
	random  *rand.Rand
	begun   time.Time
	traffic *traffic
	colours []*colour

	wanted  map[string]bool // the servers that should run, the first included
	whole   map[string]bool // of these, those that nothing was done to since the last quiet moment
	unsure  bool            // which servers should run has to be read again: the lists were lost, or a wish was cut off
	mayFail map[string]bool // what failedServers may hold
	bare    map[string]bool // servers whose image was removed by hand
	mends   []func()        // what ends with the next quiet moment, such as a port that is taken

	mu      sync.Mutex // for all below
	history []string
	windows []*window
	hung    []time.Duration // how long a hung server was still given requests
	listed  []time.Duration // how long one stood in servers
	done    map[string]int
	quiet   int
}

func newSoak(s *system, seed uint64) *soak {
	k := &soak{system: s, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), begun: time.Now(),
		mayFail: make(map[string]bool), bare: make(map[string]bool), done: make(map[string]int)}
	k.wanted = map[string]bool{s.server(0): true}
	k.whole = maps.Clone(k.wanted)
	for _, name := range []string{"blue", "green"} {
		k.colours = append(k.colours, &colour{name: name, w: s.work("0"), known: make(map[string]bool)})
	}
	return k
}

func (k *soak) deployFirst() {
	for _, c := range k.colours {
		for range 2 { // so that there is one to go back to
			k.push(c, true)
			c.wait()
		}
	}
}

func (k *soak) spawnFirst() {
	for _, url := range k.spawn(3) {
		k.wanted[url], k.whole[url] = true, true
	}
}

// run acts for a time, under load.
func (k *soak) run(length time.Duration) {
	k.traffic = startTraffic(k)
	defer k.traffic.stop()
	k.settleDown()
	for end := time.Now().Add(length); time.Now().Before(end); k.settleDown() {
		for range 2 + k.random.IntN(5) {
			k.act()
			k.pause(1500 * time.Millisecond)
		}
	}
}

// pause waits for a random time, because two actions meet otherwise each time.
func (k *soak) pause(most time.Duration) {
	time.Sleep(time.Duration(k.random.Int64N(int64(most))))
}

// act does something that can be done now.
func (k *soak) act() {
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	for {
		n := k.random.IntN(total)
		for _, a := range actions {
			if n -= a.weight; n >= 0 {
				continue
			}
			at := time.Since(k.begun)
			if what := a.do(k); what != "" {
				k.note(at, a.name, what)
				return
			}
			break
		}
	}
}

func (k *soak) note(at time.Duration, action, what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.done[action]++
	k.history = append(k.history, fmt.Sprintf("%7.2f %s: %s", at.Seconds(), action, what))
}

// remark adds to the history what is no action.
func (k *soak) remark(format string, arguments ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.history = append(k.history, fmt.Sprintf("%7.2f ", time.Since(k.begun).Seconds())+fmt.Sprintf(format, arguments...))
}

// tell says what was done and sums up.
func (k *soak) tell() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.t.Logf("What was done, in seconds from the start:\n%s", strings.Join(k.history, "\n"))
	if k.traffic == nil {
		return
	}
	k.t.Logf("SEED=%d, %v, %d quiet moments\nactions: %s\nrequests: %s\nfailed and excused: %s\na hung server was given requests for %v, and stood in servers for %v at most",
		k.seed, time.Since(k.begun).Round(time.Second), k.quiet, counts(k.done), k.traffic.sums(), k.traffic.excuses(), longest(k.hung), longest(k.listed))
}

func longest(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return slices.Max(times).Round(10 * time.Millisecond)
}

// counts writes numbers by name.
func counts(of map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(parts, ", ")
}
