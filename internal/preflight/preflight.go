package preflight

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// docker is what has to be known of an engine.
type docker interface {
	IsHere(ctx context.Context) bool
	PortHolders(ctx context.Context) ([]engine.PortHolder, error)
	Servers(ctx context.Context) ([]engine.Container, error)
}

// kernel is what has to be known of the machine.
type kernel interface {
	Has(address string) bool
	IsFree(address string, port int) bool
	Holder(port int) string
	Addresses() []string
}

// lists is what has to be known of Redis.
type lists interface {
	Lists(ctx context.Context) (fleet.Lists, error)
}

// Host is where a system is to run.
type Host struct {
	Docker docker
	Kernel kernel
	Lists  lists
	Site   fleet.Site
}

// Check returns a line for each thing that is in the way of the claims of these
// services, or of all if none is named.
func (h Host) Check(ctx context.Context, claims []Claim, services ...string) []string {
	here := h.Docker.IsHere(ctx)
	var lines []string
	if here && !h.Kernel.Has(h.Site.Host) {
		lines = append(lines, fmt.Sprintf("setting HOST_IP=%s: this machine does not have that address: take one of %s, or leave it out for that of Docker's bridge",
			h.Site.Host, strings.Join(h.Kernel.Addresses(), ", ")))
	}
	lines = append(lines, h.checkHolders(ctx, claims, here, services)...)
	return append(lines, h.checkStranded(ctx)...)
}

// checkHolders returns a line for each port that somebody else has. What this
// system has already it may keep.
func (h Host) checkHolders(ctx context.Context, claims []Claim, here bool, services []string) (lines []string) {
	holders, err := h.Docker.PortHolders(ctx)
	if err != nil {
		return nil // whose a port is cannot be told
	}
	for _, claim := range claims {
		if claim.Service == "" || len(services) > 0 && !slices.Contains(services, claim.Service) {
			continue
		}
		if holder := h.holder(claim, holders, here); holder != "" {
			lines = append(lines, fmt.Sprintf("%v: expected a free port, but %s has it: end that, or %s", claim, holder, claim.way()))
		}
	}
	return lines
}

// way says how to go around a port that is taken.
func (c Claim) way() string {
	if c.isFixed {
		return "leave metrics out of COMPOSE_PROFILES"
	}
	return "name another port"
}

// holder returns who else has the claim's first port, or "".
func (h Host) holder(claim Claim, holders []engine.PortHolder, here bool) string {
	other := ""
	for _, holder := range holders {
		has := slices.ContainsFunc(holder.Ports, claim.overlaps)
		if holder.IsOurs && (has || claim.isFixed && holder.Service == claim.Service) {
			return ""
		}
		if !has {
			continue
		}
		other = "the container " + holder.Container
	}
	if !here {
		return other
	}
	if h.Kernel.IsFree(claim.Address, claim.First) {
		return ""
	}
	if process := h.Kernel.Holder(claim.First); other == "" {
		other = process
	}
	if other == "" {
		return fmt.Sprintf("another program (sudo ss -ltnp 'sport = :%d' shows which)", claim.First)
	}
	return other
}

// overlaps reports whether nobody can listen on the claim's first port because
// of one who does there.
func (c Claim) overlaps(taken netip.AddrPort) bool {
	address, err := netip.ParseAddr(c.Address)
	return int(taken.Port()) == c.First &&
		(err != nil || !taken.Addr().IsValid() || taken.Addr().IsUnspecified() || taken.Addr() == address)
}

// checkStranded returns a line if a change of HOST_IP or FIRST_PORT takes
// servers out of the site that run: nobody would look after them any more.
func (h Host) checkStranded(ctx context.Context) []string {
	containers, err := h.Docker.Servers(ctx)
	if err != nil || len(containers) == 0 {
		return nil
	}
	lists, err := h.Lists.Lists(ctx)
	if err != nil {
		return nil
	}
	var stranded []string
	for _, server := range lists.Foreign() {
		runs := func(container engine.Container) bool { return container.Port == server.Port }
		if slices.ContainsFunc(containers, runs) {
			stranded = append(stranded, server.URL)
		}
	}
	if len(stranded) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("settings HOST_IP=%s, FIRST_PORT=%d: %s would be left running, outside of http://%s and up: "+
		"have them destroyed first, while the system still has its earlier settings: scripts/compose.sh exec -T redis redis-cli lpush deleteServers %s",
		h.Site.Host, h.Site.First, strings.Join(stranded, ", "), h.Site.Host+":"+strconv.Itoa(h.Site.First), strings.Join(stranded, " "))}
}
