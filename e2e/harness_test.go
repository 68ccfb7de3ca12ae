// Package e2e tries the system as a person would: real Docker, real Redis, the
// scripts of the Makefile, HTTP from outside. It brings up systems of its own,
// with other ports and other names, so one that is up already is not touched.
package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/redistest"
)

// patience is how long a state may take to come: a busy machine builds and
// starts eight servers in a good part of it.
const patience = 4 * time.Minute

// system is one of the tests' own: all of it, or the services that git push
// needs, whichever was started.
type system struct {
	t      *testing.T
	fleet  string
	env    map[string]string // the settings
	redis  *redistest.CLI
	client *http.Client
}

// offsets are where a system of the tests has its ports, as distances from the
// first server's: servers take up to 99, and others follow.
var offsets = map[string]int{
	"FIRST_PORT": 0, "PROXY_PORT": 100, "READER_PORT": 101, "WRITER_PORT": 102, "REDIS_PORT": 103, "REGISTRY_PORT": 104,
	"BLUE_PORT": 105, "GREEN_PORT": 106, "PROXY_ADMIN_PORT": 107, "BLUE_ADMIN_PORT": 108, "GREEN_ADMIN_PORT": 109,
	"BLUE_FIRST_PORT": 110, "GREEN_FIRST_PORT": 155,
}

const portsOfSystem = 200

// prepare describes a system that is not up yet. Its name, its ports and those
// given, written NAME=VALUE, are settings like any user's.
func prepare(t *testing.T, fleet string, settings ...string) *system {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Docker and minutes: run make test")
	}
	prepareHost(t)
	s := &system{t: t, fleet: fleet, client: &http.Client{Timeout: 30 * time.Second}}
	host := s.output("sh", "-c", "root=$PWD; . scripts/settings.sh; echo $HOST_IP")
	s.env = map[string]string{
		"FLEET": fleet, "HOST_IP": host, "DEPLOY_DIR": t.TempDir(),
		"VAR": filepath.Join(os.TempDir(), fleet), "LOCK_FILE": filepath.Join(os.TempDir(), fleet+".lock"),
	}
	base := takePorts(t, host, portsOfSystem)
	for name, offset := range offsets {
		s.env[name] = strconv.Itoa(base + offset)
	}
	s.env["REDIS_ADDR"] = "127.0.0.1:" + s.env["REDIS_PORT"]
	s.set(settings...)
	client := redis.NewClient(&redis.Options{Addr: s.env["REDIS_ADDR"], Password: s.env["REDIS_PASSWORD"]})
	t.Cleanup(func() { client.Close() })
	s.redis = redistest.At(t, client)
	return s
}

// set changes settings, for what is run from now on.
func (s *system) set(settings ...string) {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		s.env[name] = value
	}
}

// number returns a setting that is one, such as a port.
func (s *system) number(name string) int {
	s.t.Helper()
	number, err := strconv.Atoi(s.env[name])
	if err != nil {
		s.t.Fatalf("setting %s: %v", name, err)
	}
	return number
}

// local returns the URL of a path at the port of this machine that a setting
// names.
func (s *system) local(port, path string) string {
	return "http://127.0.0.1:" + s.env[port] + path
}

// at returns the URL of whatever is at a port, a number or a text, as the lists
// have it.
func (s *system) at(port any) string { return fmt.Sprintf("http://%s:%v", s.env["HOST_IP"], port) }

// starting is held while a system builds its images for the first time. If two
// ran the same apt-get at once, there would be two layers for one line of a
// Dockerfile, the builder would take the other's the next time, and a second make
// up would find an image that has changed.
var starting sync.Mutex

// start starts the services that a script does, up.sh all of them and
// deploy_init.sh those that git push needs, and ends them, with their data, after
// the test. Those that an interrupted run left, under the same name, are ended
// first.
func (s *system) start(script string) {
	s.t.Helper()
	s.output("scripts/down.sh", "--clean")
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("infrastructure's log:\n%s", s.infrastructureLog())
		}
		s.output("scripts/down.sh", "--clean")
	})
	starting.Lock()
	defer starting.Unlock()
	s.output("scripts/" + script)
}

func (s *system) infrastructureLog() string {
	log, _ := os.ReadFile(filepath.Join(s.env["VAR"], "infrastructure.log"))
	return string(log)
}

// part is something to try on a system that is up.
type part struct {
	name string
	try  func(*system)
}

// inside returns the system for a part of its test. The two share the settings.
func (s *system) inside(t *testing.T) *system {
	inner := *s
	inner.t, inner.redis = t, redistest.At(t, s.redis.Client)
	return &inner
}

// command is one to be run in the checkout, with the system's settings.
func (s *system) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(name, arguments...)
	command.Dir, command.Env = "..", os.Environ()
	for name, value := range s.env {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// must runs a command, which must succeed, and returns what it said.
func (s *system) must(command *exec.Cmd) string {
	s.t.Helper()
	output, err := command.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(command.Args, " "), err, output)
	}
	return string(output)
}

// output runs a command in the checkout, which must succeed, and returns what it
// said, without the space around it.
func (s *system) output(name string, arguments ...string) string {
	s.t.Helper()
	return strings.TrimSpace(s.must(s.command(name, arguments...)))
}

// lines is output by line.
func (s *system) lines(name string, arguments ...string) []string {
	s.t.Helper()
	return strings.FieldsFunc(s.output(name, arguments...), func(r rune) bool { return r == '\n' })
}

// service returns the id of the container of one of Compose's services.
func (s *system) service(name string) string {
	s.t.Helper()
	return s.output("docker", "ps", "--all", "--quiet", "--no-trunc",
		"--filter", "label=com.docker.compose.project="+s.fleet, "--filter", "label=com.docker.compose.service="+name)
}

// eventually waits for a state. If it does not come, the test ends with what the
// reports say.
func (s *system) eventually(what string, reached func() bool, reports ...func() string) {
	s.t.Helper()
	eventually(s.t, patience, what, reached, reports...)
}

// eventually is the method with a limit of the caller's, for tests without a
// system.
func eventually(t *testing.T, limit time.Duration, what string, reached func() bool, reports ...func() string) {
	t.Helper()
	for end := time.Now().Add(limit); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().Before(end) {
			continue
		}
		for _, report := range reports {
			what += "\n" + report()
		}
		t.Fatalf("not within %v: %s", limit, what)
	}
}

// get returns the status and the text of an answer; 0 without one.
func get(url string) (int, string) {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	text, err := read(response)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, text
}

// read returns the text of an answer, without the space around it.
func read(response *http.Response) (string, error) {
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return strings.TrimSpace(string(text)), err
}
