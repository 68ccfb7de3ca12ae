package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func registryDown(s *system) {
	w := s.work("one")
	w.deployed("blue")
	good := w.head()
	s.output("docker", "stop", "--time", "1", s.service("registry"))
	w.commit("behaviour", "TEXT=two\n")
	w.refused("DEPLOY FAILED blue push "+w.head(), "does the registry run? make up starts it", "blue", "main")
	s.shows("blue", good, "one")
	s.runsOne("blue")
	s.output("docker", "start", s.service("registry"))
	s.waitForRegistry()
	w.deployed("blue")
	s.shows("blue", w.head(), "two")
}

func wrongHost(s *system) {
	w := s.work("one")
	w.deployed("blue")
	good := w.head()
	w.commit("behaviour", "TEXT=two\n")
	settings := filepath.Join(s.repo("blue"), "deux", "settings")
	before, err := os.ReadFile(settings)
	if err != nil {
		s.t.Fatal(err)
	}
	write(s.t, settings, string(before)+"DOCKER_HOST=unix:///nonexistent.sock\n")
	w.refused("DEPLOY FAILED blue lock "+w.head(), "no answer from Docker (is it started? may you use it? usermod -aG docker", "blue", "main")
	write(s.t, settings, strings.Replace(string(before), "REDIS_ADDR=127.0.0.1", "REDIS_ADDR=127.0.0.9", 1))
	w.refused("DEPLOY FAILED blue lock "+w.head(), "make up starts it", "blue", "main")
	write(s.t, settings, string(before))
	s.shows("blue", good, "one")

	hook := filepath.Join(s.repo("blue"), "hooks", "post-receive")
	withoutExecution(s, hook)
	w.refused("DEPLOY FAILED blue lock "+w.head(), "the hook post-receive is missing or not executable: make deploy-init repairs it", "blue", "main")
	s.deploy("init")
	w.deployed("blue")
	s.shows("blue", w.head(), "two")

	// Git itself says that it passed over update; post-receive deploys alone.
	withoutExecution(s, filepath.Join(s.repo("blue"), "hooks", "update"))
	w.commit("behaviour", "TEXT=three\n")
	w.deployed("blue")
	s.shows("blue", w.head(), "three")
	s.runsOne("blue")
}

// withoutExecution puts a copy that may not be executed in a hook's place.
func withoutExecution(s *system, hook string) {
	s.t.Helper()
	content, err := os.ReadFile(hook)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.Remove(hook); err != nil {
		s.t.Fatal(err)
	}
	write(s.t, hook, string(content))
}

func foreignPorts(s *system) {
	first := s.number("BLUE_FIRST_PORT")
	var taken []net.Listener
	for port := first; port < first+2; port++ {
		taken = append(taken, listen(s.t, fmt.Sprintf(":%d", port)))
	}
	w := s.work("one")
	w.deployed("blue")
	if got, want := s.redis.Elements("blueServers"), s.at(first+2); len(got) != 1 || got[0] != want {
		s.t.Errorf("blueServers: got %q, want %q, the first port that is free", got, want)
	}
	for port := first + 3; port < first+15; port++ {
		taken = append(taken, listen(s.t, fmt.Sprintf(":%d", port)))
	}
	good := w.head()
	w.commit("behaviour", "TEXT=two\n")
	w.refused("DEPLOY FAILED blue run "+w.head(), fmt.Sprintf("all 15 ports from %d are taken", first), "blue", "main")
	s.shows("blue", good, "one")
	for _, listener := range taken {
		listener.Close()
	}
	w.deployed("blue")
	s.shows("blue", w.head(), "two")
}

func rollback(s *system) {
	w := s.work("0")
	w.deployed("blue")
	revisions := []string{w.head()}
	for i := 1; i < 3; i++ {
		revisions = append(revisions, w.commit("behaviour", fmt.Sprintf("TEXT=%d\n", i)))
		w.deployed("blue")
	}
	load := startLoad(s.t, s.url("blue"), 20*time.Millisecond, 200)
	for _, to := range []struct {
		revision string
		want     int
	}{{"", 1}, {"", 0}, {revisions[2][:10], 2}, {revisions[0], 0}} {
		output := s.deploy(strings.Fields("rollback blue " + to.revision)...)
		s.shows("blue", revisions[to.want], fmt.Sprint(to.want))
		s.runsOne("blue")
		if strings.Contains(output, "Building") {
			s.t.Errorf("rollback %s: want no build\n%s", to.revision, output)
		}
	}
	load.stop()
	s.denied("nonsense is not a kept release; these are: "+revisions[2], "rollback", "blue", "nonsense")
	if got := s.ref("blue", "main"); got != revisions[2] {
		s.t.Errorf("rollback moved main to %s, want it at %s", got, revisions[2])
	}
	w.commit("behaviour", "TEXT=5\n")
	w.deployed("blue")
	s.shows("blue", w.head(), "5")
}

func appsComeBack(s *system) {
	w := s.work("zero")
	w.deployed("blue")
	w.commit("behaviour", "TEXT=one\n")
	w.deployed("blue")
	s.deploy("down")
	if left := s.containers("blue"); len(left) != 0 {
		s.t.Errorf("after down: %q is left", left)
	}
	s.deploy("restore")
	s.shows("blue", w.head(), "one")
	s.runsOne("blue")
	before := s.containerID("blue")
	s.deploy("restore")
	if after := s.containerID("blue"); after != before {
		s.t.Errorf("a second restore changed the container from %s to %s", before, after)
	}

	s.redis.FlushAll(s.t.Context())
	s.deploy("restore")
	s.runsOne("blue")
	s.output("docker", "rm", "--force", s.app("blue"))
	s.deploy("restore")
	s.shows("blue", w.head(), "one")
	s.runsOne("blue")

	// Docker keeps a manifest that it has pulled until it next collects garbage,
	// some seconds on a busy machine, and a pull by digest asks no registry before.
	var output string
	s.eventually("restore after down --clean builds again", func() bool {
		s.deploy("down", "--clean")
		output = s.deploy("restore")
		return strings.Contains(output, "No image of it is kept: building one")
	}, func() string { return output })
	s.shows("blue", w.head(), "one")
	s.runsOne("blue")
	s.denied("its image is gone, as after make clean. To build it again: git push --force blue ", "rollback", "blue")
	s.shows("blue", w.head(), "one")
}

// images returns every image on the engine that one of the pushes printed the
// id of or that carries the system's label.
func (s *system) images() []string {
	s.t.Helper()
	return s.lines("sh", "-c", `
		docker images --all --quiet --no-trunc | sort -u >$DEPLOY_DIR/all
		{ docker images --all --quiet --no-trunc --filter label=deux.image=$FLEET
		  cut -d ' ' -f 3 $DEPLOY_DIR/blue.git/deux/layers | sort -u | while read -r id; do grep "sha256:$id" $DEPLOY_DIR/all || true; done
		} | sort -u`)
}

func prunedImages(s *system) {
	const keep = 3
	s.with(fmt.Sprintf("KEEP_RELEASES=%d", keep))
	w := s.work("0")
	w.commit("Dockerfile", "FROM "+s.testApp()+" AS stage\nCOPY behaviour /staged\nFROM "+s.testApp()+"\nCOPY --from=stage /staged /behaviour\n")
	run := time.Now() // so that no layer comes from the cache, of an earlier run's builds
	var revisions []string
	push := func(n int) {
		for range n {
			text := fmt.Sprintf("TEXT=%d\nRUN=%v\n", len(revisions), run)
			revisions = append(revisions, w.commit("behaviour", text))
			w.deployed("blue")
		}
	}
	push(keep + 1)
	before := s.images()
	push(keep + 1)
	if after := s.images(); len(after) != len(before) {
		s.t.Errorf("%d images after %d pushes, %d after twice as many:\n%s", len(before), keep+1, len(after), s.output("docker", "images", "--all"))
	}
	repository := s.registryName("blue")
	tags := s.lines("docker", "images", "--quiet", "--filter", "reference="+repository+":*")
	if len(tags) != keep+1 { // the revisions, and latest
		s.t.Errorf("%d tags in %s, want %d", len(tags), repository, keep+1)
	}
	newest := len(revisions) - 1
	if status, digest := s.registryManifest("blue-registry", revisions[newest-keep]); status != http.StatusNotFound {
		s.t.Errorf("the registry says %d to the newest that is not kept, with digest %q, want 404", status, digest)
	}
	s.deploy("rollback", "blue", revisions[newest-keep+1])
	s.shows("blue", revisions[newest-keep+1], fmt.Sprint(newest-keep+1))
}

func strangers(s *system) {
	s.with("KEEP_RELEASES=2")
	w := s.work("one")
	w.deployed("blue")
	// A person looks into a release, builds on it, and keeps it by a name.
	looker, keptName, derivedName := s.fleet+"-looker", s.fleet+"-kept", s.fleet+"-derived"
	s.output("docker", "run", "--detach", "--name", looker, s.image("blue"))
	s.t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", looker).Run() })
	s.output("docker", "tag", s.image("blue"), keptName)
	dir := s.t.TempDir()
	write(s.t, filepath.Join(dir, "Dockerfile"), "FROM "+keptName+"\nLABEL mine=1\n")
	s.output("docker", "build", "--quiet", "--tag", derivedName, dir)
	s.t.Cleanup(func() { _ = exec.Command("docker", "rmi", "--force", derivedName, keptName).Run() })
	kept, derived := s.imageID(keptName), s.imageID(derivedName)
	for i := range 3 {
		w.commit("behaviour", fmt.Sprintf("TEXT=%d\n", i))
		w.deployed("blue")
	}
	if s.imageID(keptName) != kept || s.imageID(derivedName) != derived {
		s.t.Error("a stranger's image changed")
	}
	if state := s.output("docker", "inspect", "--format", "{{.State.Status}}", looker); state != "running" {
		s.t.Errorf("a stranger's container is %s, want running", state)
	}

	s.deploy("down")
	s.output("docker", "run", "--detach", "--name", s.app("blue"), s.testApp())
	s.t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", s.app("blue")).Run() })
	w.commit("behaviour", "TEXT=last\n")
	w.refused("DEPLOY FAILED blue lock "+w.head(), "a container called "+s.app("blue")+" exists that no push made", "blue", "main")
	s.output("docker", "rm", "--force", s.app("blue"))
	w.deployed("blue")
}
