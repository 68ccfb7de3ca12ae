package engine

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/docker/docker/api/types/container"
)

func TestPortHolder_HasThePublishedPortsOfAContainer(t *testing.T) {
	engine := &Engine{fleet: "two"}
	published := []container.Port{
		{IP: "0.0.0.0", PublicPort: 8000, PrivatePort: 80, Type: "tcp"}, {IP: "::", PublicPort: 8000, PrivatePort: 80, Type: "tcp"},
		{IP: "0.0.0.0", PublicPort: 53, Type: "udp"}, {PrivatePort: 9000, Type: "tcp"},
	}
	want := PortHolder{Container: "reader", Service: "reader", Ports: []netip.AddrPort{
		netip.MustParseAddrPort("0.0.0.0:8000"), netip.MustParseAddrPort("[::]:8000")}}
	for project, isOurs := range map[string]bool{"two": true, "deux": false} {
		want.IsOurs = isOurs
		got := engine.portHolder(container.Summary{Names: []string{"/reader"}, Ports: published,
			Labels: map[string]string{composeProject: project, composeService: "reader"}})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("of %s: got %+v, want %+v", project, got, want)
		}
	}
	if spawned := engine.portHolder(container.Summary{Labels: map[string]string{FleetLabel: "two"}}); !spawned.IsOurs {
		t.Error("a spawned server: got another's, want ours")
	}
}

func TestPortsIn_AreThoseOfAProxy(t *testing.T) {
	got := portsIn([]string{"PORT=3456", "ADMIN_PORT=3457", "FIRST_PORT=3000", "PORT=http", "PATH=/bin"})
	want := []netip.AddrPort{netip.AddrPortFrom(netip.Addr{}, 3456), netip.AddrPortFrom(netip.Addr{}, 3457)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
