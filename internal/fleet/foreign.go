package fleet

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
)

// Foreign returns the servers that the lists of work name and that are of
// another site, such as that of before a change of HOST_IP or FIRST_PORT.
func (l Lists) Foreign() []Server {
	var all []Server
	for _, bad := range l.Invalid() {
		if server, is := parseAnySite(bad.Element); is && !slices.Contains(all, server) {
			all = append(all, server)
		}
	}
	return all
}

// FailedFirst returns what failedServers holds of the first server, at this
// HOST_IP or another. Its port is no other's, so no wish is lost with it.
func (l Lists) FailedFirst() []Server {
	var all []Server
	for _, element := range l.elements[failedKey] {
		if server, is := parseAnySite(element); is && server.Port == l.site.First {
			all = append(all, server)
		}
	}
	return all
}

// parseAnySite reads an element that a Site with an IPv4 address may have
// written.
func parseAnySite(element string) (Server, bool) {
	u, err := url.Parse(element)
	if err != nil {
		return Server{}, false
	}
	host, _, err := net.SplitHostPort(u.Host)
	if address, bad := netip.ParseAddr(host); err != nil || bad != nil || !address.Is4() {
		return Server{}, false
	}
	server, err := Site{Host: host, First: 1}.Parse(element)
	return server, err == nil
}
