package access

import (
	"encoding/hex"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Clients tells from which address a request comes. The system's proxy adds its
// client's to X-Forwarded-For, which a request that came another way can fill
// as it likes, so it counts only where the proxy's connections come from.
type Clients struct {
	proxies []netip.Addr   // where the system's proxy connects from
	trusted []netip.Prefix // proxies in front of it, which it believes
}

// NewClients returns the Clients of a server whose host is host. The proxy is
// on the host's network: its connections to a published port come from the
// host's address, or, through Docker's user-land proxy, from the gateway of
// the container's network. trusted are the proxies in front of the proxy.
func NewClients(host string, trusted []netip.Prefix) Clients {
	clients := Clients{trusted: trusted}
	if address, err := netip.ParseAddr(host); err == nil {
		clients.proxies = append(clients.proxies, address)
	}
	routes, _ := os.ReadFile("/proc/net/route")
	if address, found := gateway(string(routes)); found {
		clients.proxies = append(clients.proxies, address)
	}
	return clients
}

// Address returns the client's address, or for IPv6 its network of 64 bits,
// which is what one customer gets at least (RFC 6177): the part of it that is
// free to choose must not count as another client.
func (c Clients) Address(request *http.Request) string {
	peer, err := netip.ParseAddrPort(request.RemoteAddr)
	if err != nil {
		return request.RemoteAddr
	}
	address := peer.Addr().Unmap()
	if slices.Contains(c.proxies, address) {
		address = c.forwarded(request.Header.Values("X-Forwarded-For"), address)
	}
	if address.Is6() {
		network, _ := address.WithZone("").Prefix(64)
		return network.String()
	}
	return address.String()
}

// forwarded returns the last address of X-Forwarded-For that is not of a
// trusted proxy: each adds on the right whom it was asked by.
func (c Clients) forwarded(fields []string, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(fields, ","), ",")
	address := peer
	for _, hop := range slices.Backward(hops) {
		parsed, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return address
		}
		address = parsed.Unmap()
		if !slices.ContainsFunc(c.trusted, func(network netip.Prefix) bool { return network.Contains(address) }) {
			return address
		}
	}
	return address
}

// gateway returns the default gateway in the text of /proc/net/route, whose
// third column is an address in the machine's byte order, little-endian on all
// that Docker runs on but s390x.
func gateway(routes string) (netip.Addr, bool) {
	for line := range strings.Lines(routes) {
		columns := strings.Fields(line)
		if len(columns) < 3 || columns[1] != "00000000" {
			continue
		}
		octets, err := hex.DecodeString(columns[2])
		if err != nil || len(octets) != 4 {
			continue
		}
		slices.Reverse(octets)
		return netip.AddrFromSlice(octets)
	}
	return netip.Addr{}, false
}
