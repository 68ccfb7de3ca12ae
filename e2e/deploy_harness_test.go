package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// deploySystem is the part of a system that git push needs: Redis, the
// registry and the two proxies, with a folder of repositories of its own.
type deploySystem struct {
	t       *testing.T
	fleet   string // FLEET
	app     string // the name of blue's container
	image   string // and of its image
	testApp string // the image that the apps of the tests are built from: a build is then one small layer
	root    string
	dir     string // DEPLOY_DIR
	env     []string
	host    string
	ports   map[string]int
	redis   *redis.Client
}

// How far apart the ports of a test's system are.
var deployOffsets = map[string]int{
	"REDIS_PORT": 0, "REGISTRY_PORT": 1, "BLUE_PORT": 2, "GREEN_PORT": 3, "BLUE_ADMIN_PORT": 4, "GREEN_ADMIN_PORT": 5,
	"BLUE_FIRST_PORT": 10, "GREEN_FIRST_PORT": 30,
}

const portsOfDeploySystem = 50

// upDeploy starts a system, which ends with the test.
func upDeploy(t *testing.T, fleet string) *deploySystem {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Docker and minutes: run make test")
	}
	prepareHost(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	s := &deploySystem{t: t, fleet: fleet, app: fleet + "-blue-app", image: fleet + "-blue-image", testApp: fleet + "-testapp",
		root: root, dir: t.TempDir(), ports: make(map[string]int)}
	s.host = strings.TrimSpace(s.must(".", "sh", "-c", "root="+root+"; . ../scripts/settings.sh; echo $HOST_IP"))
	base := takePorts(t, s.host, portsOfDeploySystem)
	s.env = []string{"FLEET=" + fleet, "VAR=" + t.TempDir(), "DEPLOY_DIR=" + s.dir, "HOST_IP=" + s.host,
		"RELEASE_PORTS=15", usual, "DRAIN_TIMEOUT=20s"}
	for name, offset := range deployOffsets {
		s.ports[name] = base + offset
		s.env = append(s.env, fmt.Sprintf("%s=%d", name, base+offset))
	}
	s.env = append(s.env, fmt.Sprintf("REDIS_ADDR=127.0.0.1:%d", base))
	s.redis = redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", base)})
	t.Cleanup(s.down)
	starting.Lock()
	s.must(root, "scripts/deploy_init.sh")
	starting.Unlock()
	s.buildTestApp()
	return s
}

// removeVolumes is a command that removes the data of pushed apps, which
// nothing else does.
func (s *deploySystem) removeVolumes() string {
	return "docker volume ls --quiet --filter label=deux.fleet=" + s.fleet + " | xargs -r docker volume rm"
}

func (s *deploySystem) down() {
	for _, command := range [][]string{
		{"bin/deploy", "down", "--clean"},
		{"scripts/compose.sh", "down", "--volumes", "--rmi", "local"},
		{"sh", "-c", s.removeVolumes()},
		{"docker", "rmi", s.testApp},
	} {
		if output, err := s.command(s.root, command[0], command[1:]...).CombinedOutput(); err != nil {
			s.t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, output)
		}
	}
	s.redis.Close()
}

func (s *deploySystem) buildTestApp() {
	s.t.Helper()
	dir := s.t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "app"), "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("building the test's app: %v\n%s", err, output)
	}
	write(s.t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nLABEL fleet="+s.fleet+"\nCOPY app /app\nENTRYPOINT [\"/app\"]\n")
	s.must(dir, "docker", "build", "--quiet", "--tag", s.testApp, ".")
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s *deploySystem) command(dir, name string, arguments ...string) *exec.Cmd {
	command := exec.Command(name, arguments...)
	if command.Dir = dir; !filepath.IsAbs(name) && strings.Contains(name, "/") {
		command.Path = filepath.Join(dir, name)
	}
	command.Env = append(os.Environ(), s.env...)
	return command
}

// must runs a command, which must succeed, and returns what it said.
func (s *deploySystem) must(dir, name string, arguments ...string) string {
	s.t.Helper()
	output, err := s.command(dir, name, arguments...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

// deploy runs bin/deploy, which must succeed.
func (s *deploySystem) deploy(arguments ...string) string {
	s.t.Helper()
	return s.must(s.root, "bin/deploy", arguments...)
}

// within gives a subtest the system as it was after up, with nothing deployed.
func (s *deploySystem) within(t *testing.T) *deploySystem {
	t.Helper()
	inner := *s
	inner.t = t
	inner.deploy("down", "--clean")
	inner.must(s.root, "sh", "-c", s.removeVolumes())
	for _, name := range []string{"blue.git", "green.git", "blue-www", "green-www"} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.redis.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	inner.deploy("init")
	return &inner
}

// with gives the system of a subtest other settings than the rest has.
func (s *deploySystem) with(settings ...string) {
	s.t.Helper()
	s.env = append(slices.Clip(s.env), settings...)
	s.deploy("init")
}

// short has pushes wait only so long for an app that will not get healthy; usual
// is for an app that will, also on a host that is busy.
const (
	short = "HEALTH_TIMEOUT=4s"
	usual = "HEALTH_TIMEOUT=30s"
)

func (s *deploySystem) url(colour string) string {
	return fmt.Sprintf("http://127.0.0.1:%d/", s.ports[strings.ToUpper(colour)+"_PORT"])
}

func (s *deploySystem) list(key string) []string {
	return s.redis.LRange(context.Background(), key, 0, -1).Val()
}

func (s *deploySystem) git(colour string) string { return filepath.Join(s.dir, colour+".git") }

// ref returns what a ref of the bare repository says, or "".
func (s *deploySystem) ref(colour, ref string) string {
	output, _ := s.command(s.root, "git", "--git-dir="+s.git(colour), "rev-parse", "--verify", "--quiet", ref).Output()
	return strings.TrimSpace(string(output))
}

// get returns the status and the text of an answer; 0 without one.
func get(url string) (int, string) {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

// shows fails unless a colour's page is that revision's with that text.
func (s *deploySystem) shows(colour, revision, text string) {
	s.t.Helper()
	want := strings.TrimSpace(colour + " " + revision + " " + text)
	if status, got := get(s.url(colour)); status != http.StatusOK || got != want {
		s.t.Errorf("%s shows %d %q, want 200 %q", colour, status, got, want)
	}
}

// seconds returns how long a step of the last push took.
func (s *deploySystem) seconds(colour, step string) float64 {
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

// eventually waits for a state, and fails if it does not come.
func (s *deploySystem) eventually(what string, reached func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("never: %s", what)
		}
	}
}

// waitForRegistry returns when the registry answers.
func (s *deploySystem) waitForRegistry() {
	s.t.Helper()
	s.eventually("the registry answers", func() bool {
		status, _ := get(fmt.Sprintf("http://127.0.0.1:%d/v2/", s.ports["REGISTRY_PORT"]))
		return status == http.StatusOK
	})
}

// containers returns NAME STATUS IMAGE of a colour's containers.
func (s *deploySystem) containers(colour string) []string {
	s.t.Helper()
	output := s.must(s.root, "docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.State}} {{.Image}}",
		"--filter", "label=deux.fleet="+s.fleet, "--filter", "label=deux.colour="+colour)
	return strings.FieldsFunc(output, func(r rune) bool { return r == '\n' })
}

// runsOne fails unless exactly one container of the colour is there, which is
// the app, runs, and is the one in the list.
func (s *deploySystem) runsOne(colour string) {
	s.t.Helper()
	all := s.containers(colour)
	if len(all) != 1 || !strings.HasPrefix(all[0], s.fleet+"-"+colour+"-app running") {
		s.t.Errorf("containers of %s: got %q, want one, the app, running", colour, all)
	}
	if listed := s.list(colour + "Servers"); len(listed) != 1 {
		s.t.Errorf("%sServers: got %q, want one", colour, listed)
	}
}
