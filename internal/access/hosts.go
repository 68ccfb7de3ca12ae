package access

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Hosts is the names under which a system answers. IP addresses and localhost are
// always allowed: only a name can be pointed at somebody else's machine, which is
// how DNS rebinding turns another site's page into one of this origin.
type Hosts struct{ names []string }

// NewHosts returns the Hosts of names. A name that starts with a dot stands for
// every name below it, and * for every name.
func NewHosts(names []string) Hosts {
	var hosts Hosts
	for _, name := range names {
		hosts.names = append(hosts.names, plain(name))
	}
	return hosts
}

// Allow reports whether host, as in a request's Host field, is allowed. An empty
// one is: only HTTP/1.0 permits it, which no browser speaks.
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

// plain returns a name in lower case and without the root's dot.
func plain(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
