package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// canary is the password of Redis: nothing that people see may hold it, and no
// character in it may be taken for more on its way.
const canary = `ca n"a$r{y}} #\ %s end`

// whole are the settings of a system of which everything is tried. An upload
// that is held open must outlast a make up on a host that is busy, hence the two
// timeouts.
var whole = []string{"REDIS_PASSWORD=" + canary, "DRAIN_TIMEOUT=3m", "BODY_TIMEOUT=2m",
	"MAX_SERVERS=12", "WRITE_INTERVAL=1s", "LEVEL_INTERVAL=2s", "SPAWN_ATTEMPTS=2", "RELEASE_PORTS=45"}

// status returns what make status says. That may be a failure, if the machine
// is short of memory or disk.
func (s *system) status() string {
	s.t.Helper()
	output, err := s.command("scripts/status.sh").CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("status: %v", err)
	}
	return string(output)
}

// poller returns the process id of infrastructure.
func (s *system) poller() string {
	s.t.Helper()
	pid, err := os.ReadFile(s.env["LOCK_FILE"])
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(pid))
}

// server returns the URL of the nth server; 0 is the first.
func (s *system) server(n int) string { return s.at(s.port(n)) }

func (s *system) port(n int) int { return s.number("FIRST_PORT") + n }

// portOf returns the port in a server's URL.
func portOf(url string) string { return url[strings.LastIndex(url, ":")+1:] }

// container returns the name or id of a server's container.
func (s *system) container(url string) string {
	if url == s.server(0) {
		return s.service("webapp")
	}
	return "webapp_" + portOf(url) + "_app"
}

func (s *system) proxy(path string) string { return s.local("PROXY_PORT", path) }

// fetch asks for JSON and decodes it into answer, unless that is nil.
func (s *system) fetch(url string, answer any) *http.Response {
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
	text, err := read(response)
	if err != nil {
		s.t.Fatalf("GET %s: reading the answer: %v", url, err)
	}
	if answer != nil {
		if err := json.Unmarshal([]byte(text), answer); err != nil {
			s.t.Fatalf("GET %s: %s: %v in %q", url, response.Status, err, text)
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
	s.fetch(s.proxy(path), &answer)
	if answer.URL == "" {
		s.t.Fatalf("%s names no server", path)
	}
	return answer.URL
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

// want waits until the list holds these elements, in any order.
func (s *system) want(key string, want ...string) {
	s.t.Helper()
	slices.Sort(want)
	var got []string
	var err error
	s.eventually(fmt.Sprintf("%s holds %q", key, want), func() bool {
		got, err = s.redis.LRange(s.t.Context(), key, 0, -1).Result()
		slices.Sort(got)
		return err == nil && slices.Equal(got, want)
	}, func() string { return fmt.Sprintf("got %q, %v", got, err) })
}

// settle destroys every server but the first and empties failedServers, so
// that the next test begins as after up. What a wish list still holds may be
// garbage on its way to failedServers.
func (s *system) settle() {
	s.t.Helper()
	for _, work := range []string{"tempServers", "spawningServers", "deleteServers", "destroyingServers"} {
		s.want(work)
	}
	s.redis.Remove("failedServers")
	for _, url := range s.redis.Elements("servers") {
		if url != s.server(0) {
			s.redis.Push("deleteServers", url)
		}
	}
	s.want("deleteServers")
	s.want("destroyingServers")
	s.want("servers", s.server(0))
	s.want("failedServers")
}
