package e2e

import (
	"encoding/json"
	"slices"
	"strings"
)

// limits are what Docker holds a container to (Docker Engine API,
// ContainerInspect, "HostConfig").
type limits struct {
	Memory, MemorySwap, CPUShares, PidsLimit int64
	OomScoreAdj                              int
	LogConfig                                struct {
		Type   string
		Config map[string]string
	}
}

// everyContainerHasLimits looks at the services and at a spawned server, which
// must have the first server's.
func everyContainerHasLimits(s *system) {
	s.spawn(1)
	found := make(map[string]limits)
	for _, label := range []string{"com.docker.compose.project", "deux.fleet"} {
		for _, id := range s.lines("docker", "ps", "--quiet", "--filter", "label="+label+"="+s.fleet) {
			var l limits
			if err := json.Unmarshal([]byte(s.output("docker", "inspect", "--format", "{{json .HostConfig}}", id)), &l); err != nil {
				s.t.Fatal(err)
			}
			found[s.output("docker", "inspect", "--format", `{{or (index .Config.Labels "com.docker.compose.service") "spawned"}}`, id)] = l
		}
	}
	if len(found) != 9 {
		s.t.Errorf("got %d kinds of containers, want eight services and a spawned server", len(found))
	}
	for name, l := range found {
		if l.Memory == 0 || l.MemorySwap != l.Memory && l.MemorySwap != -1 || l.CPUShares == 0 || l.PidsLimit == 0 ||
			l.LogConfig.Type != "json-file" || l.LogConfig.Config["max-size"] == "" || l.LogConfig.Config["max-file"] == "" {
			s.t.Errorf("%s: got %+v, want a limit of each", name, l)
		}
		core := name == "redis" || name == "proxy" || name == "blue" || name == "green"
		if core != (l.OomScoreAdj == 0) {
			s.t.Errorf("%s: got oom_score_adj %d, want 0 for Redis and the proxies alone", name, l.OomScoreAdj)
		}
	}
	first, spawned := found["webapp"], found["spawned"]
	if spawned.Memory != first.Memory || spawned.CPUShares != first.CPUShares || spawned.PidsLimit != first.PidsLimit {
		s.t.Errorf("a spawned server: got %+v, want the first server's %+v", spawned, first)
	}
}

// passwordIsSeenNowhere looks where people do, while a server is being spawned.
func passwordIsSeenNowhere(s *system) {
	wished := s.wish("/spawn")
	s.eventually("the server comes", func() bool {
		hidden(s, "ps -ef", s.output("ps", "-ef", "-ww"))
		return !slices.Contains(s.redis.Elements("tempServers"), wished) && !slices.Contains(s.redis.Elements("spawningServers"), wished)
	})
	for _, image := range s.lines("docker", "images", "--quiet", "--filter", "label=deux.image="+s.fleet) {
		hidden(s, "docker history "+image, s.output("docker", "history", "--no-trunc", image))
	}
	for _, key := range s.redis.Keys(s.t.Context(), "*").Val() {
		hidden(s, key, strings.Join(s.redis.Elements(key), "\n"))
	}
	for _, label := range []string{"com.docker.compose.project", "deux.fleet"} {
		for _, id := range s.lines("docker", "ps", "--quiet", "--filter", "label="+label+"="+s.fleet) {
			hidden(s, "docker logs "+id, s.output("docker", "logs", id))
			hidden(s, "docker top "+id, s.output("docker", "top", id))
		}
	}
	hidden(s, "infrastructure's log", s.infrastructureLog())
	hidden(s, "status", s.status())
}

// hidden fails if text holds the password, as it is or in a Go string.
func hidden(s *system, where, text string) {
	s.t.Helper()
	if strings.Contains(text, canary) || strings.Contains(text, "a$r{y}}") {
		s.t.Errorf("%s shows the password of Redis", where)
	}
}
