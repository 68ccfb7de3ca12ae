package preflight

import (
	"fmt"
	"slices"
	"strings"

	"deux/internal/settings"
)

// Claim is ports in a row that the system wants to listen on.
type Claim struct {
	Setting string // that names the first, or what has it, if no setting does
	Service string // of Compose, that listens there; "" if it may pass over a port that is taken
	Address string // "" for all addresses
	First   int
	Count   int
	counter string // the setting that Count is
	isProxy bool   // on the host's network, as a user without rights
	isFixed bool   // no setting changes it
}

// firstService is the first server, as Compose calls it.
const firstService = "webapp"

// Claims reads the settings that say where the system listens on the host. env
// remembers what it finds bad.
func Claims(env *settings.Reader) []Claim {
	const local = "127.0.0.1"
	host, releases := env.HostIP(), env.ReleasePorts()
	claims := []Claim{
		{Setting: "FIRST_PORT", Service: firstService, Address: host, First: env.FirstPort(), Count: env.MaxServers(), counter: "MAX_SERVERS"},
		{Setting: "BLUE_FIRST_PORT", Address: host, First: env.ColourFirstPort("blue"), Count: releases, counter: "RELEASE_PORTS"},
		{Setting: "GREEN_FIRST_PORT", Address: host, First: env.ColourFirstPort("green"), Count: releases, counter: "RELEASE_PORTS"},
		{Setting: "PROXY_PORT", Service: "proxy", First: env.Port("PROXY_PORT", 3456), isProxy: true},
		{Setting: "PROXY_ADMIN_PORT", Service: "proxy", Address: local, First: env.Port("PROXY_ADMIN_PORT", 3457), isProxy: true},
		{Setting: "BLUE_PORT", Service: "blue", First: env.ColourPort("blue"), isProxy: true},
		{Setting: "BLUE_ADMIN_PORT", Service: "blue", Address: local, First: env.ColourAdminPort("blue"), isProxy: true},
		{Setting: "GREEN_PORT", Service: "green", First: env.ColourPort("green"), isProxy: true},
		{Setting: "GREEN_ADMIN_PORT", Service: "green", Address: local, First: env.ColourAdminPort("green"), isProxy: true},
		{Setting: "READER_PORT", Service: "reader", First: env.ReaderPort()},
		{Setting: "WRITER_PORT", Service: "writer", Address: local, First: env.WriterPort()},
		{Setting: "REDIS_PORT", Service: "redis", Address: local, First: env.Port("REDIS_PORT", 6379)},
		{Setting: "REGISTRY_PORT", Service: "registry", Address: local, First: env.RegistryPort()},
	}
	if profiles := strings.Split(env.Handed("COMPOSE_PROFILES"), ","); slices.Contains(profiles, "metrics") {
		claims = append(claims,
			Claim{Setting: "Grafana", Service: "grafana", Address: local, First: 3458, isFixed: true},
			Claim{Setting: "Prometheus", Service: "prometheus", Address: local, First: 9090, isFixed: true})
	}
	return claims
}

// last returns the last of the claim's ports.
func (c Claim) last() int { return c.First + max(c.Count, 1) - 1 }

// String returns the claim as a sentence begins with it.
func (c Claim) String() string {
	if c.isFixed {
		return fmt.Sprintf("%s (COMPOSE_PROFILES=metrics) has port %d", c.Setting, c.First)
	}
	return fmt.Sprintf("setting %s=%d", c.Setting, c.First)
}

// CheckClaims returns a line for each port that two want, that is below the
// lowest that a proxy may listen on, or that is none.
func CheckClaims(claims []Claim, lowest int) (lines []string) {
	for i, claim := range claims {
		for _, earlier := range claims[:i] {
			if claim.First <= earlier.last() && earlier.First <= claim.last() {
				lines = append(lines, collision(claim, earlier))
			}
		}
		if claim.isProxy && claim.First < lowest {
			lines = append(lines, fmt.Sprintf("%v: expected %d or higher, because a proxy is not root "+
				"(docs/proxy.md, Deployed, says how to let it)", claim, lowest))
		}
		if claim.last() > maxPort {
			lines = append(lines, fmt.Sprintf("%v: expected %d or lower, so that there are ports for %s=%d",
				claim, maxPort-claim.Count+1, claim.counter, claim.Count))
		}
	}
	return lines
}

// maxPort is the highest TCP port (RFC 9293 section 3.1: 16 bits).
const maxPort = 65535

// collision says what to change about a claim that another one is in the way
// of. Those with several ports come before the others in Claims.
func collision(claim, earlier Claim) string {
	if claim.isFixed {
		claim, earlier = earlier, claim
	}
	switch {
	case claim.Count > 1 && earlier.Count > 1:
		return fmt.Sprintf("%v: its ports up to %d (%s=%d) are also those of %s, %d to %d (%s=%d)", claim, claim.last(),
			claim.counter, claim.Count, earlier.Setting, earlier.First, earlier.last(), earlier.counter, earlier.Count)
	case earlier.Count > 1:
		return fmt.Sprintf("%v: expected a port outside of %d to %d, which are those of %s (%s=%d)",
			claim, earlier.First, earlier.last(), earlier.Setting, earlier.counter, earlier.Count)
	case claim.Count > 1:
		return fmt.Sprintf("%v: expected ports without %d, that of %s, but with %s=%d they go up to %d",
			claim, earlier.First, earlier.Setting, claim.counter, claim.Count, claim.last())
	}
	return fmt.Sprintf("%v: expected another port than that of %s", claim, earlier.Setting)
}
