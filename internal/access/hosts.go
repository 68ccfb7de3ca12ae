package access

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Hosts is the names under which a system answers. An IP address and localhost
// always are: only a name can be made to point at somebody else's machine,
// which is how DNS rebinding turns another site's page into one of this origin.
type Hosts struct{ names []string }

// NewHosts returns the Hosts of names. One that begins with a dot stands for
// all below it, and * for every name.
func NewHosts(names []string) Hosts {
	var hosts Hosts
	for _, name := range names {
		hosts.names = append(hosts.names, plain(name))
	}
	return hosts
}

// Allow reports whether host, as a request's Host field has it, is one of them.
// HTTP/1.0 needs none, and no browser speaks that.
func (h Hosts) Allow(host string) bool {
	name := host
	if split, _, err := net.SplitHostPort(host); err == nil {
		name = split
	}
	name = plain(name)
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || name == "" {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.ContainsFunc(h.names, func(allowed string) bool {
		return allowed == "*" || allowed == name || strings.HasPrefix(allowed, ".") && strings.HasSuffix("."+name, allowed)
	})
}

// plain is a name without case and the root's dot.
func plain(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
