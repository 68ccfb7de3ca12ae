package access

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClients_BelieveOnlyTheProxyOfTheSystem(t *testing.T) {
	clients := Clients{
		proxies: []netip.Addr{netip.MustParseAddr("172.17.0.1")},
		trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}
	for _, test := range []struct {
		what, peer string
		forwarded  []string
		want       string
	}{
		{"straight", "198.51.100.7:4000", nil, "198.51.100.7"},
		{"straight, with a lie", "198.51.100.7:4000", []string{"203.0.113.9"}, "198.51.100.7"},
		{"through the proxy", "172.17.0.1:4000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"through the proxy, with a lie", "172.17.0.1:4000", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"the lie in a field of its own", "172.17.0.1:4000", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"through a trusted proxy before it", "172.17.0.1:4000", []string{"1.1.1.1, 203.0.113.9, 192.0.2.5"}, "203.0.113.9"},
		{"from a trusted proxy itself", "172.17.0.1:4000", []string{"192.0.2.5"}, "192.0.2.5"},
		{"garbage", "172.17.0.1:4000", []string{"203.0.113.9, nobody"}, "172.17.0.1"},
		{"the host itself", "172.17.0.1:4000", nil, "172.17.0.1"},
		{"IPv4 in IPv6", "[::ffff:198.51.100.7]:4000", nil, "198.51.100.7"},
		{"IPv6", "[2001:db8:1:2:3:4:5:6]:4000", nil, "2001:db8:1:2::/64"},
		{"IPv6 of the same network", "172.17.0.1:4000", []string{"2001:db8:1:2:ffff::1"}, "2001:db8:1:2::/64"},
		{"IPv6 of a link", "[fe80::1%eth0]:4000", nil, "fe80::/64"},
	} {
		request := httptest.NewRequest("POST", "/login", nil)
		request.RemoteAddr = test.peer
		request.Header["X-Forwarded-For"] = test.forwarded
		if got := clients.Address(request); got != test.want {
			t.Errorf("%s: %s, %q: got %s, want %s", test.what, test.peer, test.forwarded, got, test.want)
		}
	}
}

func TestGateway_IsTheOneOfTheDefaultRoute(t *testing.T) {
	const routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n" +
		"eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n" +
		"eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\n"
	if got, found := gateway(routes); !found || got != netip.MustParseAddr("172.18.0.1") {
		t.Errorf("got %v, %v, want 172.18.0.1", got, found)
	}
	for _, none := range []string{"", "Iface\n", "eth0\t00000000\tnone\n", "eth0\t00000000\t0100\n"} {
		if got, found := gateway(none); found {
			t.Errorf("of %q: got %v, want none", none, got)
		}
	}
}
