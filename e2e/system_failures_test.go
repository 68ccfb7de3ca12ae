package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func garbageIsSetAside(s *system) {
	trap := filepath.Join(s.t.TempDir(), "trap")
	bad := []string{
		s.server(1) + ";touch " + trap, s.at(99999), fmt.Sprintf("http://elsewhere:%d", s.port(1)), "", "$(touch " + trap + ")",
	}
	for _, key := range []string{"tempServers", "deleteServers", "servers"} {
		for _, element := range bad {
			s.redis.Push(key, element)
		}
	}
	s.want("failedServers", bad...)
	s.want("servers", s.server(0))
	if _, err := os.Stat(trap); err == nil {
		s.t.Error("an element was run in a shell")
	}
}

func foreignPort(s *system) {
	next := s.wish("/spawn")
	s.want("servers", s.server(0), next)
	port, _ := strconv.Atoi(portOf(next))
	defer listen(s.t, fmt.Sprintf("%s:%d", s.env["HOST_IP"], port+1)).Close()
	failed := s.wish("/spawn")
	s.want("failedServers", failed)
	another := s.wish("/spawn")
	s.want("servers", s.server(0), next, another)
	if another == failed {
		s.t.Errorf("the next /spawn got %s again", failed)
	}
	if log := s.infrastructureLog(); !strings.Contains(log, "address already in use") && !strings.Contains(log, "already allocated") {
		s.t.Errorf("the log does not say that the port is in use")
	}
}

func strangersContainer(s *system) {
	next := s.port(2 + len(s.redis.Elements("failedServers")) + 20)
	name := fmt.Sprintf("webapp_%d_app", next)
	s.output("docker", "run", "--detach", "--name", name, "debian:bookworm-slim", "sleep", "600")
	defer s.output("docker", "rm", "--force", name)
	url := s.at(next)
	s.redis.Push("tempServers", url)
	s.want("failedServers", url)
	s.redis.Push("deleteServers", url)
	s.want("deleteServers")
	s.want("destroyingServers")
	if state := s.output("docker", "inspect", "--format", "{{.State.Running}}", name); state != "true" {
		s.t.Errorf("the stranger's container: running is %s, want true", state)
	}
}

func infrastructureKilled(s *system) {
	killed := s.poller()
	wished := []string{s.wish("/spawn"), s.wish("/spawn")}
	s.eventually("the wishes are claimed", func() bool {
		return len(s.redis.Elements("tempServers")) == 0 && len(s.redis.Elements("spawningServers")) > 0
	})
	pid, _ := strconv.Atoi(killed)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	s.want("servers", append(wished, s.server(0))...)
	s.want("spawningServers")
	if s.poller() == killed {
		s.t.Error("infrastructure was not started again")
	}
	for _, url := range wished {
		if ids := s.lines("docker", "ps", "--quiet", "--filter", "label=deux.port="+portOf(url)); len(ids) != 1 {
			s.t.Errorf("%s has %d containers, want 1", url, len(ids))
		}
	}
}

func supervisorKilled(s *system) {
	killed := s.poller()
	pid, err := os.ReadFile(filepath.Join(s.env["VAR"], "supervisor.pid"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.output("kill", "-9", strings.TrimSpace(string(pid)))
	s.eventually("infrastructure is replaced", func() bool { return s.poller() != killed })
	s.spawn(1)
}

func serverDies(s *system) {
	url := s.spawn(1)[0]
	s.output("docker", "rm", "--force", s.container(url))
	s.eventually(url+" is not listed", func() bool { return !slices.Contains(s.redis.Elements("servers"), url) })
	s.want("servers", s.server(0), url)
	if response := s.fetch(url+"/healthz", nil); response.StatusCode != 200 {
		s.t.Errorf("got %s from %s", response.Status, url)
	}
}

func proxyRestarts(s *system) {
	s.spawn(1)
	before := s.redis.Elements("servers")
	slices.Sort(before)
	s.output("docker", "restart", s.service("proxy"))
	s.serves(s.proxy(""))
	s.want("servers", before...)
}

// serves waits until a server, or the proxy, is well.
func (s *system) serves(url string) {
	s.t.Helper()
	s.eventually(url+" serves", func() bool {
		status, _ := get(url + "/healthz")
		return status == 200
	})
}

func redisRestarts(s *system) {
	url := s.spawn(1)[0]
	before := len(s.infrastructureLog())
	s.output("docker", "stop", s.service("redis"))
	for range 4 {
		if response := s.fetch(s.proxy("/healthz"), nil); response.StatusCode != 200 {
			s.t.Errorf("with Redis away /healthz through the proxy: got %s, want 200", response.Status)
		}
	}
	if response := s.fetch(s.proxy("/spawn"), nil); response.StatusCode != http.StatusServiceUnavailable {
		s.t.Errorf("with Redis away /spawn: got %s, want 503", response.Status)
	}
	s.output("docker", "start", s.service("redis"))
	s.want("servers", s.server(0), url)
	another := s.wish("/spawn")
	s.want("servers", s.server(0), url, another)
	log := s.infrastructureLog()[before:]
	for _, event := range []string{"Redis is away", "Redis is back"} {
		if n := strings.Count(log, event); n != 1 {
			s.t.Errorf("infrastructure's log says %q %d times, want once", event, n)
		}
	}
}

func redisFlushed(s *system) {
	urls := s.spawn(2)
	s.redis.FlushAll(s.t.Context())
	s.want("servers", append(urls, s.server(0))...)
}

func streamSurvives(s *system) {
	answer := func() (int, string) {
		response, err := s.client.Get(s.local("READER_PORT", "/"))
		if err != nil {
			s.t.Fatal(err)
		}
		text, _ := read(response)
		return response.StatusCode, text
	}
	writer := s.service("writer")
	top := func() string { return s.output("docker", "top", writer, "-o", "pid,stat,args") }
	killed := 0
	for line := range strings.Lines(top()) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[2] == "socat" && s.command("kill", "-9", fields[0]).Run() == nil {
			killed++ // but for a child that has just ended
		}
	}
	if killed == 0 {
		s.t.Errorf("no socat in the writer:\n%s", top())
	}
	s.eventually("socat comes back", func() bool { status, _ := answer(); return status == 200 })
	s.eventually("no zombie is in the writer", func() bool { return !strings.Contains(top(), "<defunct>") }, top)
	s.output("docker", "stop", writer)
	if status, text := answer(); status != http.StatusBadGateway || strings.Contains(text, "\n") {
		s.t.Errorf("with the writer away: got %d %q, want 502 and one line", status, text)
	}
	s.output("docker", "start", writer)
	s.eventually("the writer comes back", func() bool { status, _ := answer(); return status == 200 })
}

func downAndUp(s *system) {
	url := s.spawn(1)[0]
	s.output("scripts/down.sh")
	for what, command := range map[string][]string{
		"containers": {"ps", "--all", "--quiet", "--filter", "label=deux.fleet=" + s.fleet},
		"services":   {"ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=" + s.fleet},
		"networks":   {"network", "ls", "--quiet", "--filter", "name=^" + s.fleet},
		"images":     {"images", "--quiet", "--filter", "label=deux.image=" + s.fleet, "webapp_*"},
	} {
		if left := s.lines("docker", command...); len(left) != 0 {
			s.t.Errorf("down left %s: %q", what, left)
		}
	}
	if err := s.command("scripts/infrastructure.sh", "running").Run(); err == nil {
		s.t.Error("infrastructure still runs after down")
	}
	s.output("scripts/up.sh")
	s.want("servers", s.server(0), url)
	s.serves(url)
}
