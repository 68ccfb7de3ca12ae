package access

import (
	"encoding/hex"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Clients finds the address that a request comes from. The system's proxy adds
// its client's address to X-Forwarded-For. A request that came another way can
// put anything there, so the field counts only on the proxy's connections.
type Clients struct {
	proxies []netip.Addr   // where the system's proxy connects from
	trusted []netip.Prefix // proxies in front of it, which it believes
}

// NewClients returns the Clients of a server on host. The proxy is on the host's
// network: its connections to a published port come from the host's address or,
// through Docker's userland proxy, from the gateway of the container's network.
// trusted is the proxies in front of the system's own.
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

// Address returns the client's address or, for IPv6, its 64-bit network, the
// least that a customer gets (RFC 6177): the part that clients choose freely must
// not make them count as different clients.
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

// forwarded returns the last address in X-Forwarded-For that is not a trusted
// proxy's: each proxy adds its own client on the right.
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

// gateway returns the default gateway in the text of /proc/net/route. Its third
// column is an address in the machine's byte order: little-endian on everything
// that Docker supports except s390x.
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
