// Package e2e tries the system as a person would: real Docker, real Redis, the
// scripts of the Makefile, HTTP from outside. It brings up a system of its own,
// with other ports and another name, so one that is up already is not touched.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is how long a state may take to come: a busy machine builds and
// starts eight servers in a good part of it.
const patience = 4 * time.Minute

// system is a running system of the tests.
type system struct {
	t      *testing.T
	root   string
	env    map[string]string
	redis  *redis.Client
	client *http.Client
}

// canary is the password of Redis: nothing that people see may hold it, and no
// character in it may be taken for more on its way.
const canary = `ca n"a$r{y}} #\ %s end`

// prepare describes a system that is not up yet. Its name and ports are
// settings like any user's.
func prepare(t *testing.T, fleet string) *system {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Docker and minutes: run make test")
	}
	prepareHost(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	s := &system{t: t, root: root, client: &http.Client{Timeout: 30 * time.Second}, env: map[string]string{"root": root}}
	host := s.output("sh", "-c", ". scripts/settings.sh; echo $HOST_IP")
	base := takePorts(t, host, portsOfSystem)
	port := func(offset int) string { return fmt.Sprint(base + offset) }
	// An upload that is held open must outlast a make up on a host that is busy,
	// hence the two timeouts.
	s.env = map[string]string{
		"FLEET": fleet, "VAR": filepath.Join(os.TempDir(), fleet), "LOCK_FILE": filepath.Join(os.TempDir(), fleet+".lock"),
		"FIRST_PORT": port(0), "PROXY_PORT": port(proxyOffset), "READER_PORT": port(readerOffset), "WRITER_PORT": port(writerOffset),
		"REDIS_PORT": port(redisOffset), "REDIS_ADDR": "127.0.0.1:" + port(redisOffset),
		"REGISTRY_PORT": port(registryOffset), "BLUE_PORT": port(blueOffset), "GREEN_PORT": port(greenOffset),
		"PROXY_ADMIN_PORT": port(proxyAdminOffset), "BLUE_ADMIN_PORT": port(blueAdminOffset), "GREEN_ADMIN_PORT": port(greenAdminOffset),
		"BLUE_FIRST_PORT": port(blueFirstOffset), "GREEN_FIRST_PORT": port(greenFirstOffset), "RELEASE_PORTS": "45", "DEPLOY_DIR": t.TempDir(),
		"MAX_SERVERS": "12", "WRITE_INTERVAL": "1s", "LEVEL_INTERVAL": "2s", "DRAIN_TIMEOUT": "3m", "BODY_TIMEOUT": "2m", "SPAWN_ATTEMPTS": "2",
		"HOST_IP": host, "REDIS_PASSWORD": canary,
	}
	s.redis = redis.NewClient(&redis.Options{Addr: s.env["REDIS_ADDR"], Password: canary})
	t.Cleanup(func() { s.redis.Close() })
	return s
}

// Where a system of the tests has its ports, as distances from the first
// server's: servers take up to 99, and others follow.
const (
	proxyOffset      = 100
	readerOffset     = 101
	writerOffset     = 102
	redisOffset      = 103
	registryOffset   = 104
	blueOffset       = 105
	greenOffset      = 106
	proxyAdminOffset = 107
	blueAdminOffset  = 108
	greenAdminOffset = 109
	blueFirstOffset  = 110
	greenFirstOffset = 155
	portsOfSystem    = 200
)

// starting is held while a system builds its images for the first time. If two
// ran the same apt-get at once, there would be two layers for one line of a
// Dockerfile, the builder would take the other's the next time, and a second make
// up would find an image that has changed.
var starting sync.Mutex

// up starts the system and ends it, with its data, after the test. One that an
// interrupted run left, under the same name, is ended first.
func (s *system) up() {
	s.t.Helper()
	s.script("down.sh", "--clean")
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("infrastructure's log:\n%s", s.infrastructureLog())
		}
		s.script("down.sh", "--clean")
	})
	starting.Lock()
	defer starting.Unlock()
	s.script("up.sh")
}

func (s *system) infrastructureLog() string {
	log, _ := os.ReadFile(filepath.Join(s.env["VAR"], "infrastructure.log"))
	return string(log)
}

func (s *system) command(name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(context.Background(), name, args...)
	command.Dir = s.root
	command.Env = os.Environ()
	for key, value := range s.env {
		command.Env = append(command.Env, key+"="+value)
	}
	return command
}

// script runs one of scripts/, which must succeed, and returns what it said.
func (s *system) script(name string, args ...string) string {
	s.t.Helper()
	return s.output(filepath.Join(s.root, "scripts", name), args...)
}

// status returns what make status says. That may be a failure, if the machine
// is short of memory or disk.
func (s *system) status() string {
	s.t.Helper()
	output, err := s.command(filepath.Join(s.root, "scripts/status.sh")).CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("status: %v", err)
	}
	return string(output)
}

// output runs a command, which must succeed, and returns what it said.
func (s *system) output(name string, args ...string) string {
	s.t.Helper()
	output, err := s.command(name, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// lines is output by line.
func (s *system) lines(name string, args ...string) []string {
	s.t.Helper()
	return strings.Fields(s.output(name, args...))
}

// service returns the id of the container of one of Compose's services.
func (s *system) service(name string) string {
	s.t.Helper()
	return s.output("docker", "ps", "--all", "--quiet", "--no-trunc",
		"--filter", "label=com.docker.compose.project="+s.env["FLEET"],
		"--filter", "label=com.docker.compose.service="+name)
}

// server returns the URL of the nth server; 0 is the first.
func (s *system) server(n int) string {
	return fmt.Sprintf("http://%s:%d", s.env["HOST_IP"], s.port(n))
}

func (s *system) port(n int) int {
	var first int
	fmt.Sscan(s.env["FIRST_PORT"], &first)
	return first + n
}

func (s *system) proxy(path string) string {
	return "http://127.0.0.1:" + s.env["PROXY_PORT"] + path
}

// get asks for JSON and decodes it into answer, unless that is nil.
func (s *system) get(url string, answer any) *http.Response {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatalf("GET %s: %v", url, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("GET %s: reading the answer: %v", url, err)
	}
	if answer != nil {
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(answer); err != nil {
			s.t.Fatalf("GET %s: %s: %v in %q", url, response.Status, err, body)
		}
	}
	return response
}

// wish asks /spawn or /destroy and returns the URL that it names.
func (s *system) wish(path string) string {
	s.t.Helper()
	var answer struct {
		URL string `json:"url"`
	}
	s.get(s.proxy(path), &answer)
	if answer.URL == "" {
		s.t.Fatalf("%s names no server", path)
	}
	return answer.URL
}

func (s *system) list(key string) []string {
	return s.redis.LRange(context.Background(), key, 0, -1).Val()
}

// want waits until the list holds these elements, in any order.
func (s *system) want(key string, want ...string) {
	s.t.Helper()
	slices.Sort(want)
	var got []string
	var err error
	s.eventually(func() bool {
		got, err = s.redis.LRange(context.Background(), key, 0, -1).Result()
		slices.Sort(got)
		return err == nil && slices.Equal(got, want)
	}, func() string { return fmt.Sprintf("%s: got %q, %v, want %q", key, got, err, want) })
}

// eventually waits for a state, and fails with what it is instead.
func (s *system) eventually(reached func() bool, instead func() string) {
	s.t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("after %v: %s", patience, instead())
		}
	}
}

// settle destroys every server but the first and empties failedServers, so
// that the next test begins as after up. What a wish list still holds may be
// garbage on its way to failedServers.
func (s *system) settle() {
	s.t.Helper()
	for _, work := range []string{"tempServers", "spawningServers", "deleteServers", "destroyingServers"} {
		s.want(work)
	}
	s.redis.Del(context.Background(), "failedServers")
	for _, url := range s.list("servers") {
		if url != s.server(0) {
			s.redis.LPush(context.Background(), "deleteServers", url)
		}
	}
	s.want("deleteServers")
	s.want("destroyingServers")
	s.want("servers", s.server(0))
	s.want("failedServers")
}

// spawn asks for n servers and waits until they are listed.
func (s *system) spawn(n int) []string {
	s.t.Helper()
	all := []string{s.server(0)}
	for range n {
		all = append(all, s.wish("/spawn"))
	}
	s.want("servers", all...)
	return all[1:]
}
