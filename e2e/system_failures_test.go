package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
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
		s.server(1) + ";touch " + trap, "http://" + s.env["HOST_IP"] + ":99999", "http://elsewhere:" + fmt.Sprint(s.port(1)), "", "$(touch " + trap + ")",
	}
	for _, key := range []string{"tempServers", "deleteServers", "servers"} {
		for _, element := range bad {
			s.redis.LPush(context.Background(), key, element)
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
	port, _ := strconv.Atoi(next[strings.LastIndex(next, ":")+1:])
	foreign, err := net.Listen("tcp", fmt.Sprintf("%s:%d", s.env["HOST_IP"], port+1))
	if err != nil {
		s.t.Fatal(err)
	}
	defer foreign.Close()
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
	next := s.port(2 + len(s.list("failedServers")) + 20)
	name := fmt.Sprintf("webapp_%d_app", next)
	s.output("docker", "run", "--detach", "--name", name, "debian:bookworm-slim", "sleep", "600")
	defer s.output("docker", "rm", "--force", name)
	url := fmt.Sprintf("http://%s:%d", s.env["HOST_IP"], next)
	s.redis.LPush(context.Background(), "tempServers", url)
	s.want("failedServers", url)
	s.redis.LPush(context.Background(), "deleteServers", url)
	s.want("deleteServers")
	s.want("destroyingServers")
	if state := s.output("docker", "inspect", "--format", "{{.State.Running}}", name); state != "true" {
		s.t.Errorf("the stranger's container: running is %s, want true", state)
	}
}

func infrastructureKilled(s *system) {
	killed := s.poller()
	wished := []string{s.wish("/spawn"), s.wish("/spawn")}
	s.eventually(func() bool { return len(s.list("tempServers")) == 0 && len(s.list("spawningServers")) > 0 },
		func() string { return "not claimed" })
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
		port := url[strings.LastIndex(url, ":")+1:]
		if ids := s.lines("docker", "ps", "--quiet", "--filter", "label=deux.port="+port); len(ids) != 1 {
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
	s.script("infrastructure.sh", "start")
	s.spawn(1)
	if s.poller() == killed {
		s.t.Error("infrastructure was not replaced")
	}
}

func serverDies(s *system) {
	url := s.spawn(1)[0]
	port := url[strings.LastIndex(url, ":")+1:]
	s.output("docker", "rm", "--force", "webapp_"+port+"_app")
	s.eventually(func() bool { return !slices.Contains(s.list("servers"), url) }, func() string { return "still listed" })
	s.want("servers", s.server(0), url)
	if response := s.get(url+"/healthz", nil); response.StatusCode != 200 {
		s.t.Errorf("got %s from %s", response.Status, url)
	}
}

func proxyRestarts(s *system) {
	s.spawn(1)
	before := s.list("servers")
	slices.Sort(before)
	s.output("docker", "restart", s.service("proxy"))
	s.eventually(func() bool {
		response, err := s.client.Get(s.proxy("/healthz"))
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == 200
	}, func() string { return "the proxy does not answer" })
	s.want("servers", before...)
}

func redisRestarts(s *system) {
	url := s.spawn(1)[0]
	before := len(s.infrastructureLog())
	s.output("docker", "stop", s.service("redis"))
	for range 4 {
		if response := s.get(s.proxy("/healthz"), nil); response.StatusCode != 200 {
			s.t.Errorf("with Redis away /healthz through the proxy: got %s, want 200", response.Status)
		}
	}
	if response := s.get(s.proxy("/spawn"), nil); response.StatusCode != http.StatusServiceUnavailable {
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
	s.redis.FlushAll(context.Background())
	s.want("servers", append(urls, s.server(0))...)
}

func streamSurvives(s *system) {
	read := func() (int, string) {
		response, err := s.client.Get("http://127.0.0.1:" + s.env["READER_PORT"] + "/")
		if err != nil {
			s.t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(text)
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
	s.eventually(func() bool { status, _ := read(); return status == 200 }, func() string { return "socat did not come back" })
	s.eventually(func() bool { return !strings.Contains(top(), "<defunct>") }, func() string { return "zombies in the writer:\n" + top() })
	s.output("docker", "stop", writer)
	if status, text := read(); status != http.StatusBadGateway || strings.Count(strings.TrimSpace(text), "\n") != 0 {
		s.t.Errorf("with the writer away: got %d %q, want 502 and one line", status, text)
	}
	s.output("docker", "start", writer)
	s.eventually(func() bool { status, _ := read(); return status == 200 }, func() string { return "the writer did not come back" })
}

func downAndUp(s *system) {
	url := s.spawn(1)[0]
	s.script("down.sh")
	fleet := s.env["FLEET"]
	for what, command := range map[string][]string{
		"containers": {"ps", "--all", "--quiet", "--filter", "label=deux.fleet=" + fleet},
		"services":   {"ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=" + fleet},
		"networks":   {"network", "ls", "--quiet", "--filter", "name=^" + fleet},
		"images":     {"images", "--quiet", "--filter", "label=deux.image=" + fleet, "webapp_*"},
	} {
		if left := s.lines("docker", command...); len(left) != 0 {
			s.t.Errorf("down left %s: %q", what, left)
		}
	}
	if err := s.command(filepath.Join(s.root, "scripts/infrastructure.sh"), "running").Run(); err == nil {
		s.t.Error("infrastructure still runs after down")
	}
	s.script("up.sh")
	s.want("servers", s.server(0), url)
	s.eventually(func() bool {
		response, err := s.client.Get(url + "/healthz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == 200
	}, func() string { return url + " does not answer after up" })
}
