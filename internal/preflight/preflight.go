// Package preflight finds out, before a system is started or changed, whether
// the machine has room for it: ports that nobody else has, an address that is
// its own, no server left behind. What cannot be found out is not an error:
// Docker may be on another machine, and Redis is away before the first start.
package preflight

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/program"
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
	IsListenedOn(port int) bool
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
	Polls  bool // whether an infrastructure runs
}

// Check returns a line for each thing that is in the way of the claims of these
// services, or of all if none is named.
func (h Host) Check(ctx context.Context, claims []Claim, services ...string) []string {
	here := h.Docker.IsHere(ctx)
	var lines []string
	if here && !h.Kernel.Has(h.Site.Host) {
		return append(lines, fmt.Sprintf("setting HOST_IP=%s: this machine does not have that address: take one of %s, or leave it out for that of Docker's bridge",
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
	ctx, cancel := context.WithTimeout(ctx, connectionPatience)
	defer cancel()
	for _, claim := range claims {
		if claim.Service == "" || len(services) > 0 && !slices.Contains(services, claim.Service) {
			continue
		}
		if holder := h.holder(ctx, claim, holders, here); holder != "" {
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

// holder returns who else has the claim's first port, or "". ctx bounds how long
// it waits for the end of a connection.
func (h Host) holder(ctx context.Context, claim Claim, holders []engine.PortHolder, here bool) string {
	other, isSure := "", false
	for _, holder := range holders {
		has, published := claim.isTaken(holder)
		if claim.isMetBy(holder, has) {
			return ""
		}
		if has {
			other, isSure = "the container "+holder.Container, isSure || published
			if holder.IsOurs {
				other += " of this system (make down ends it)"
			}
		}
	}
	if isSure {
		return other
	}
	if !here {
		return ""
	}
	return h.kernelHolder(ctx, claim, other)
}

const (
	connectionPatience = 3 * time.Second
	connectionPause    = 100 * time.Millisecond
)

// kernelHolder returns who has the claim's first port according to the kernel,
// or "": guess, if that is not empty. If nobody listens on the port, an outgoing
// connection has it, because the kernel gives these any port that is free (ip(7),
// ip_local_port_range). Most end soon.
func (h Host) kernelHolder(ctx context.Context, claim Claim, guess string) string {
	for {
		switch {
		case h.Kernel.IsFree(claim.Address, claim.First):
			return ""
		case h.Kernel.IsListenedOn(claim.First):
			return cmp.Or(guess, h.Kernel.Holder(claim.First),
				fmt.Sprintf("another program (sudo ss -ltnp 'sport = :%d' shows which)", claim.First))
		}
		if !program.Sleep(ctx, connectionPause) {
			return fmt.Sprintf("a connection from this machine (sudo ss -tanp 'sport = :%d' shows whose; docs/operating.md, At boot, says how to keep the port from them)", claim.First)
		}
	}
}

// isTaken reports whether nobody else can listen on the claim's first port
// because of the container, and whether it publishes the port: of one on the
// host's network that is a guess.
func (c Claim) isTaken(holder engine.PortHolder) (has, published bool) {
	address, err := netip.ParseAddr(c.Address)
	for _, port := range holder.Ports {
		taken := port.Addr()
		if int(port.Port()) == c.First && (err != nil || !taken.IsValid() || taken.IsUnspecified() || taken == address) {
			has, published = true, published || taken.IsValid()
		}
	}
	return has, published
}

// isMetBy reports whether the claim is that of the container, which has the
// port. Another container of this system is not: Compose starts one after the
// other. Of a server on the first one's port, checkStranded tells.
func (c Claim) isMetBy(holder engine.PortHolder, has bool) bool {
	if !holder.IsOurs {
		return false
	}
	return holder.Service == c.Service && (has || c.isFixed) || has && holder.Service == "" && c.Service == firstService
}

// checkStranded returns a line if a change of FIRST_PORT takes servers that run
// out of the site, or gives the first server the port of one. After a change of
// HOST_IP infrastructure starts them again at the other address.
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
	for _, server := range append(lists.Foreign(), lists.Listed()...) {
		runs := func(container engine.Container) bool { return container.Port == server.Port }
		if server.Port <= h.Site.First && slices.ContainsFunc(containers, runs) {
			stranded = append(stranded, server.URL)
		}
	}
	if len(stranded) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("setting FIRST_PORT=%d: nobody would look after the servers %s any more: %s",
		h.Site.First, strings.Join(stranded, ", "), h.wayOut(stranded))}
}

// wayOut says how to have servers destroyed.
func (h Host) wayOut(servers []string) string {
	if !h.Polls {
		return "end them first, with make down"
	}
	return "have them destroyed first, with scripts/compose.sh exec -T redis redis-cli lpush deleteServers " + strings.Join(servers, " ")
}
