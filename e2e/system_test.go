package e2e

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deux/internal/redistest"
)

// TestSystem brings one system up and tries everything on it, each part from
// the same start: the first server alone.
func TestSystem(t *testing.T) {
	t.Parallel()
	s := prepare(t, "deuxtest", whole...)
	s.start("up.sh")
	for _, part := range []part{
		{"every service answers", everyServiceAnswers},
		{"up again changes nothing", upAgainChangesNothing},
		{"up with a bad setting names it and changes nothing", badSetting},
		{"what is in the way of a setting is named", whatIsInTheWay},
		{"spawned servers take turns and destroyed ones are gone", spawnAndDestroy},
		{"eight spawns at once", eightSpawnsAtOnce},
		{"more servers than may be are refused", tooManyServersAreRefused},
		{"logs follow a server that is spawned later", logsFollow},
		{"at rest Redis hears less than two commands a second", quietAtRest},
		{"every container has limits", everyContainerHasLimits},
		{"the password of Redis is seen nowhere", passwordIsSeenNowhere},
		{"a picture goes up and is shown once", pictures},
		{"a request in flight to a server being destroyed finishes", drainFinishesTheRequest},
		{"no request fails while servers come and go", noRequestFails},
		{"servers follow the first to other settings and no request fails", serversFollowTheFirst},
		{"everything moves to another address of the machine, and back", everythingMoves},
		{"garbage is set aside and never run", garbageIsSetAside},
		{"a port that another program holds", foreignPort},
		{"a stranger's container is not touched", strangersContainer},
		{"the page spawns a server, shows it die and return, and destroys it", pageFollowsAServer},
		{"twenty viewers of the page hold up no destroy", viewersHoldUpNothing},
		{"the page shows a push, and one that is refused", pageFollowsAPush},
		{"infrastructure killed in the middle of a spawn", infrastructureKilled},
		{"infrastructure's supervisor killed", supervisorKilled},
		{"a server that dies comes back", serverDies},
		{"a proxy restart forgets nobody", proxyRestarts},
		{"redis away and back", redisRestarts},
		{"redis flushed", redisFlushed},
		{"the stream survives socat and says when the writer is away", streamSurvives},
		{"down leaves nothing but the data, and up brings it back", downAndUp},
	} {
		t.Run(part.name, func(t *testing.T) {
			here := s.inside(t)
			part.try(here)
			here.settle()
		})
		if t.Failed() {
			break // what follows would fail for the same reason
		}
	}
}

func everyServiceAnswers(s *system) {
	for _, path := range []string{"/", "/listservers", "/recent", "/healthz", "/set/greeting", "/get/greeting"} {
		response := s.fetch(s.proxy(path), nil)
		if response.StatusCode != 200 || response.Header.Get("X-Served-By") != s.server(0) {
			s.t.Errorf("%s: got %s from %q, want 200 from %s", path, response.Status, response.Header.Get("X-Served-By"), s.server(0))
		}
	}
	response, err := s.client.Get(s.local("READER_PORT", "/"))
	if err != nil {
		s.t.Fatalf("reader: %v", err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 || !bytes.HasSuffix(text, []byte("\r\n")) {
		s.t.Errorf("reader: got %s %q, want lines that socat ended with CR LF", response.Status, text)
	}
	if status := s.status(); strings.Contains(status, "Type: make up") || !strings.Contains(status, "\n  infrastructure  works\n") {
		s.t.Errorf("status: got\n%s\nwant nothing that make up mends", status)
	}
}

// changesNothing fails if after work other containers run, or infrastructure is
// another process.
func (s *system) changesNothing(work func()) {
	s.t.Helper()
	labelled := func(label string) string {
		return s.output("docker", "ps", "--quiet", "--no-trunc", "--filter", "label="+label+"="+s.fleet)
	}
	running := func() string {
		pid, _ := os.ReadFile(s.env["LOCK_FILE"])
		return labelled("com.docker.compose.project") + "\n" + labelled("deux.fleet") + "\n" + string(pid)
	}
	before := running()
	work()
	if after := running(); after != before {
		s.t.Errorf("containers and infrastructure's process: got\n%s\nwant\n%s", after, before)
	}
}

func upAgainChangesNothing(s *system) {
	s.changesNothing(func() { s.output("scripts/up.sh") })
}

func badSetting(s *system) {
	s.changesNothing(func() {
		up := s.command("scripts/up.sh")
		up.Env = append(up.Env, "MAX_IMAGES=many", "WRITE_INTERVAL=often")
		output, err := up.CombinedOutput()
		for _, want := range []string{`setting MAX_IMAGES="many": expected`, `setting WRITE_INTERVAL="often": expected`} {
			if err == nil || !strings.Contains(string(output), want) {
				s.t.Errorf("up with a bad setting: got %v, want it to fail with %q\n%s", err, want, output)
			}
		}
	})
}

// whatIsInTheWay tries settings that are good, each by itself, on the system
// that is up.
func whatIsInTheWay(s *system) {
	s.spawn(1)
	_, taken, _ := net.SplitHostPort(listen(s.t, "127.0.0.1:0").Addr().String())
	s.changesNothing(func() {
		for setting, want := range map[string]string{
			"HOST_IP=203.0.113.1":                    "this machine does not have that address", // RFC 5737: nobody's
			"WRITER_PORT=" + taken:                   "expected a free port, but e2e.test (process " + strconv.Itoa(os.Getpid()) + ") has it",
			"READER_PORT=" + s.env["WRITER_PORT"]:    "expected another port than that of",
			"READER_PORT=" + strconv.Itoa(s.port(5)): "which are those of FIRST_PORT",
			"FIRST_PORT=" + strconv.Itoa(s.port(2)):  "redis-cli lpush deleteServers " + s.server(1),
			"FIRST_PORT=" + strconv.Itoa(s.port(1)):  "redis-cli lpush deleteServers " + s.server(1),
			"FLEET=deuxother":                        "belongs to FLEET=" + s.fleet,
			"FIRST_PORT=" + s.env["FIRST_PORT"]:      "", // what it has
		} {
			check := s.command("sh", "-c", "root=$PWD; . scripts/settings.sh; bin/deux check")
			check.Env = append(check.Env, setting)
			output, err := check.CombinedOutput()
			if (err == nil) != (want == "") || !strings.Contains(string(output), want) {
				s.t.Errorf("%s: got %v, want it to fail with %q\n%s", setting, err, want, output)
			}
		}
	})
}

func spawnAndDestroy(s *system) {
	all := append(s.spawn(3), s.server(0))
	turns := func() map[string]int {
		served := make(map[string]int)
		for range 2 * len(all) {
			served[s.fetch(s.proxy("/recent"), nil).Header.Get("X-Served-By")]++
		}
		return served
	}
	want := make(map[string]int)
	for _, url := range all {
		want[url] = 2
	}
	served := turns()
	if !maps.Equal(served, want) {
		served = turns() // the proxy's own health check may have taken a turn
	}
	if !maps.Equal(served, want) {
		s.t.Errorf("requests by server: got %v, want %v", served, want)
	}
	var listing struct {
		Servers []struct{ URL, State string }
	}
	s.fetch(s.proxy("/listservers"), &listing)
	if len(listing.Servers) != len(all) || listing.Servers[3].State != "running" {
		s.t.Errorf("/listservers: got %v, want %d running", listing.Servers, len(all))
	}

	gone := s.wish("/destroy")
	s.want("deleteServers")
	s.want("destroyingServers")
	if slices.Contains(s.redis.Elements("servers"), gone) {
		s.t.Errorf("%s is still listed", gone)
	}
	if names := s.output("docker", "ps", "--all", "--format", "{{.Names}}"); strings.Contains(names, s.container(gone)) {
		s.t.Errorf("docker ps still shows %s", s.container(gone))
	}
	if images := s.output("docker", "images", "--quiet", "webapp_"+portOf(gone)); images != "" {
		s.t.Errorf("docker images still shows webapp_%s", portOf(gone))
	}
}

func eightSpawnsAtOnce(s *system) {
	urls := make(chan string, 8)
	var wishes sync.WaitGroup
	for range 8 {
		wishes.Go(func() { urls <- s.wish("/spawn") })
	}
	wishes.Wait()
	close(urls)
	want := []string{s.server(0)}
	for url := range urls {
		if slices.Contains(want, url) {
			s.t.Errorf("%s was given twice", url)
		}
		want = append(want, url)
	}
	s.want("servers", want...)
}

func tooManyServersAreRefused(s *system) {
	for n := 1; n < 12; n++ { // named in servers they count, whether they run or not
		s.redis.Put("destroyingServers.aside", s.server(n))
	}
	s.output("kill", "-STOP", s.poller()) // so that it doesn't mend the lists meanwhile
	defer func() {
		s.redis.Remove("destroyingServers", "destroyingServers.aside")
		s.output("kill", "-CONT", s.poller())
	}()
	s.redis.Rename(s.t.Context(), "destroyingServers.aside", "destroyingServers")
	var answer struct{ Error string }
	response := s.fetch(s.proxy("/spawn"), &answer)
	if response.StatusCode != http.StatusTooManyRequests || !strings.Contains(answer.Error, "12") {
		s.t.Errorf("got %s %q, want 429 and a sentence that names the limit of 12", response.Status, answer.Error)
	}
}

// quietAtRest listens with the default LEVEL_INTERVAL, that of every system
// but the tests'.
func quietAtRest(s *system) {
	s.spawn(1)
	often := s.env["LEVEL_INTERVAL"]
	s.set("LEVEL_INTERVAL=5s")
	s.output("scripts/infrastructure.sh", "start")
	defer func() {
		s.set("LEVEL_INTERVAL=" + often)
		s.output("scripts/infrastructure.sh", "start")
	}()
	listen := func(during time.Duration) (perSecond float64, heard []string) {
		heard = redistest.Listen(s.t, s.env["REDIS_ADDR"], canary, func() { time.Sleep(during) })
		return float64(len(heard)) / during.Seconds(), heard
	}
	for range 10 { // what has just happened has its last words
		if perSecond, _ := listen(3 * time.Second); perSecond < 2 {
			break
		}
	}
	// Longer than anything's period: a proxy reads its lists every 20 s.
	if perSecond, heard := listen(30 * time.Second); perSecond >= 2 {
		s.t.Errorf("at rest Redis hears %.1f commands a second, want less than 2: %v", perSecond, redistest.Commands(heard))
	}
}
