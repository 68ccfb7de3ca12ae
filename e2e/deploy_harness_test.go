package e2e

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// short has pushes wait only so long for an app that will not get healthy; usual
// is for an app that will, also on a host that is busy.
const (
	short = "HEALTH_TIMEOUT=4s"
	usual = "HEALTH_TIMEOUT=30s"
)

// buildTestApp builds the image that the apps of the tests are built from, so
// that a build is one small layer. It and all apps, with their data, end with the
// test.
func (s *system) buildTestApp() {
	s.t.Helper()
	dir := s.t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "app"), "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	s.must(build)
	write(s.t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nLABEL fleet="+s.fleet+"\nCOPY app /app\nENTRYPOINT [\"/app\"]\n")
	s.output("docker", "build", "--quiet", "--tag", s.testApp(), dir)
	s.t.Cleanup(func() { s.output("docker", "rmi", s.testApp()) })
	s.t.Cleanup(s.removeVolumes)
	s.t.Cleanup(func() { s.deploy("down", "--clean") })
}

// removeVolumes removes the data of pushed apps, which nothing else does.
func (s *system) removeVolumes() {
	s.t.Helper()
	s.output("sh", "-c", "docker volume ls --quiet --filter label=deux.fleet=$FLEET | xargs -r docker volume rm")
}

// fresh gives a part the system as it was at its start, with nothing deployed,
// and settings of its own.
func (s *system) fresh(t *testing.T) *system {
	t.Helper()
	inner := s.inside(t)
	inner.env = maps.Clone(s.env)
	inner.deploy("down", "--clean")
	inner.removeVolumes()
	for _, folder := range []string{"blue.git", "green.git", "blue-www", "green-www"} {
		if err := os.RemoveAll(filepath.Join(s.env["DEPLOY_DIR"], folder)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.redis.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	inner.deploy("init")
	return inner
}

// with gives a part other settings than the rest has.
func (s *system) with(settings ...string) {
	s.t.Helper()
	s.set(settings...)
	s.deploy("init")
}

// deploy runs bin/deploy, which must succeed, and returns all that it said.
func (s *system) deploy(arguments ...string) string {
	s.t.Helper()
	return s.must(s.command("bin/deploy", arguments...))
}

// fed is deploy with a standard input.
func (s *system) fed(stdin string, arguments ...string) string {
	s.t.Helper()
	command := s.command("bin/deploy", arguments...)
	command.Stdin = strings.NewReader(stdin)
	return s.must(command)
}

// denied runs bin/deploy, which must fail and say so.
func (s *system) denied(want string, arguments ...string) {
	s.t.Helper()
	output, err := s.command("bin/deploy", arguments...).CombinedOutput()
	if err == nil || !strings.Contains(string(output), want) {
		s.t.Errorf("bin/deploy %s: got %v, %s, want it refused with %q", strings.Join(arguments, " "), err, output, want)
	}
}

func (s *system) testApp() string { return s.fleet + "-testapp" }

// dockerfile returns the Dockerfile of an app of the tests.
func (s *system) dockerfile() string {
	return "FROM " + s.testApp() + "\nCOPY behaviour /behaviour\n"
}

// app returns the name of the container of a colour's app.
func (s *system) app(colour string) string { return s.fleet + "-" + colour + "-app" }

// image returns the name of its image.
func (s *system) image(colour string) string { return s.fleet + "-" + colour + "-image" }

// url returns the address of a colour's page.
func (s *system) url(colour string) string { return s.local(strings.ToUpper(colour)+"_PORT", "/") }

// repo returns the folder of a colour's bare repository.
func (s *system) repo(colour string) string { return filepath.Join(s.env["DEPLOY_DIR"], colour+".git") }

// ref returns what a ref of the bare repository says, or "".
func (s *system) ref(colour, ref string) string {
	output, _ := s.command("git", "--git-dir="+s.repo(colour), "rev-parse", "--verify", "--quiet", ref).Output()
	return strings.TrimSpace(string(output))
}

// shows fails unless a colour's page is that revision's with that text.
func (s *system) shows(colour, revision, text string) {
	s.t.Helper()
	want := strings.TrimSpace(colour + " " + revision + " " + text)
	if status, got := get(s.url(colour)); status != http.StatusOK || got != want {
		s.t.Errorf("%s shows %d %q, want 200 %q", colour, status, got, want)
	}
}

// seconds returns how long a step of the last push took.
func (s *system) seconds(colour, step string) float64 {
	s.t.Helper()
	history := strings.Split(strings.TrimSpace(s.deploy("history", colour, "--long")), "\n")
	for _, field := range strings.Fields(history[len(history)-1]) {
		if value, found := strings.CutPrefix(field, step+"="); found {
			took, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return took
		}
	}
	s.t.Fatalf("no step %s in %s", step, history[len(history)-1])
	return 0
}

// registry is the address at which the registry says that it is there.
func (s *system) registry() string { return s.local("REGISTRY_PORT", "/v2/") }

// registryName returns what a colour's images are called there, but for the tag.
func (s *system) registryName(colour string) string {
	return "localhost:" + s.env["REGISTRY_PORT"] + "/" + colour + "-registry"
}

// waitForRegistry returns when the registry answers.
func (s *system) waitForRegistry() {
	s.t.Helper()
	s.eventually("the registry answers", func() bool {
		status, _ := get(s.registry())
		return status == http.StatusOK
	})
}

// containers returns NAME STATUS IMAGE of a colour's containers.
func (s *system) containers(colour string) []string {
	s.t.Helper()
	return s.lines("docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.State}} {{.Image}}",
		"--filter", "label=deux.fleet="+s.fleet, "--filter", "label=deux.colour="+colour)
}

// runsOne fails unless exactly one container of the colour is there, which is
// the app, runs, and is the one in the list.
func (s *system) runsOne(colour string) {
	s.t.Helper()
	all := s.containers(colour)
	if len(all) != 1 || !strings.HasPrefix(all[0], s.app(colour)+" running") {
		s.t.Errorf("containers of %s: got %q, want one, the app, running", colour, all)
	}
	if listed := s.redis.Elements(colour + "Servers"); len(listed) != 1 {
		s.t.Errorf("%sServers: got %q, want one", colour, listed)
	}
}
