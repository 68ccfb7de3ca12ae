package preflight

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

var errAway = errors.New("away")

// fakeDocker says what a test wants, or that it is away.
type fakeDocker struct {
	elsewhere bool
	holders   []engine.PortHolder
	servers   []engine.Container
	err       error
}

func (d fakeDocker) IsHere(context.Context) bool { return !d.elsewhere }
func (d fakeDocker) PortHolders(context.Context) ([]engine.PortHolder, error) {
	return d.holders, d.err
}
func (d fakeDocker) Servers(context.Context) ([]engine.Container, error) { return d.servers, d.err }

// fakeKernel knows who listens where: "" is somebody whom it may not name.
type fakeKernel map[int]string

func (fakeKernel) Has(address string) bool { return address == "172.17.0.1" }
func (k fakeKernel) IsFree(_ string, port int) bool {
	_, taken := k[port]
	return !taken
}
func (k fakeKernel) IsListenedOn(port int) bool { return !k.IsFree("", port) }
func (k fakeKernel) Holder(port int) string     { return k[port] }
func (fakeKernel) Addresses() []string          { return []string{"10.0.0.5", "172.17.0.1"} }

// noRedis is Redis before the first start.
type noRedis struct{}

func (noRedis) Lists(context.Context) (fleet.Lists, error) { return fleet.Lists{}, errAway }

// ours is a container of a service, or a server if it has none.
func ours(name, service string, ports ...string) engine.PortHolder {
	holder := container(name, ports...)
	holder.Service, holder.IsOurs = service, true
	return holder
}

func container(name string, ports ...string) engine.PortHolder {
	holder := engine.PortHolder{Container: name}
	for _, port := range ports {
		address, err := netip.ParseAddrPort(port)
		if err != nil {
			address = netip.AddrPortFrom(netip.Addr{}, netip.MustParseAddrPort("0.0.0.0"+port).Port())
		}
		holder.Ports = append(holder.Ports, address)
	}
	return holder
}

func TestHost_NamesWhoHasAPort(t *testing.T) {
	const free = ": expected a free port, but "
	for _, test := range []struct {
		name   string
		docker fakeDocker
		kernel fakeKernel
		want   string
	}{
		{"nobody", fakeDocker{}, nil, ""},
		{"a program", fakeDocker{}, fakeKernel{8000: "nginx (process 7)"},
			"setting READER_PORT=8000" + free + "nginx (process 7) has it: end that, or name another port"},
		{"a program that may not be named", fakeDocker{}, fakeKernel{3456: ""},
			"setting PROXY_PORT=3456" + free + "another program (sudo ss -ltnp 'sport = :3456' shows which) has it: end that, or name another port"},
		{"another's container", fakeDocker{holders: []engine.PortHolder{container("blog_db_1", "127.0.0.1:6379")}}, fakeKernel{6379: "docker-proxy (process 9)"},
			"setting REDIS_PORT=6379" + free + "the container blog_db_1 has it: end that, or name another port"},
		{"another's container on the host's network", fakeDocker{holders: []engine.PortHolder{container("two_proxy_1", ":3457")}}, fakeKernel{3457: ""},
			"setting PROXY_ADMIN_PORT=3457" + free + "the container two_proxy_1 has it: end that, or name another port"},
		{"another's container on another address", fakeDocker{holders: []engine.PortHolder{container("blog_db_1", "10.0.0.5:6379")}}, nil, ""},
		{"its own container", fakeDocker{holders: []engine.PortHolder{ours("deux_reader_1", "reader", "0.0.0.0:8000", "[::]:8000")}}, fakeKernel{8000: "docker-proxy (process 9)"}, ""},
		{"its own proxy", fakeDocker{holders: []engine.PortHolder{ours("deux_proxy_1", "proxy", ":3456", ":3457")}}, fakeKernel{3456: "", 3457: "proxy (process 8)"}, ""},
		{"another of its own containers", fakeDocker{holders: []engine.PortHolder{ours("deux_writer_1", "writer", "127.0.0.1:8000")}}, nil,
			"setting READER_PORT=8000" + free + "the container deux_writer_1 of this system (make down ends it) has it: end that, or name another port"},
		{"a server that is to go first", fakeDocker{holders: []engine.PortHolder{ours("webapp_3000_app", "", "172.17.0.1:3000")}}, fakeKernel{3000: ""}, ""},
		{"whom Docker knows, elsewhere", fakeDocker{elsewhere: true, holders: []engine.PortHolder{container("blog", "0.0.0.0:8000")}}, fakeKernel{3456: "here"},
			"setting READER_PORT=8000" + free + "the container blog has it: end that, or name another port"},
		{"Docker does not say whose", fakeDocker{err: errAway}, fakeKernel{8000: "docker-proxy (process 9)"}, ""},
		{"a port that a release passes over", fakeDocker{}, fakeKernel{50200: "nginx (process 7)"}, ""},
	} {
		host := Host{Docker: test.docker, Kernel: test.kernel, Lists: noRedis{}, Site: fleet.Site{Host: "172.17.0.1", First: 3000}}
		if got := strings.Join(host.Check(t.Context(), claimsOf(t, nil)), "\n"); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestHost_LooksOnlyAtTheServicesThatAreToStart(t *testing.T) {
	host := Host{Docker: fakeDocker{}, Kernel: fakeKernel{3456: "a", 6379: "b"}, Lists: noRedis{}, Site: fleet.Site{Host: "172.17.0.1", First: 3000}}
	lines := host.Check(t.Context(), claimsOf(t, nil), "redis", "blue")
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "setting REDIS_PORT=6379: ") {
		t.Errorf("got %q, want a line about REDIS_PORT alone", lines)
	}
}

func TestHost_OfTheDashboardMayStay(t *testing.T) {
	claims := claimsOf(t, map[string]string{"COMPOSE_PROFILES": "metrics"})
	host := Host{Kernel: fakeKernel{9090: "prometheus (process 5)"}, Lists: noRedis{}, Site: fleet.Site{Host: "172.17.0.1", First: 3000}}
	host.Docker = fakeDocker{holders: []engine.PortHolder{{Container: "deux_prometheus_1", Service: "prometheus", IsOurs: true}}}
	if lines := host.Check(t.Context(), claims); len(lines) != 0 {
		t.Errorf("with its own Prometheus: got %q, want nothing", lines)
	}
	host.Docker = fakeDocker{}
	want := []string{"Prometheus (COMPOSE_PROFILES=metrics) has port 9090: expected a free port, but prometheus (process 5) has it: end that, or leave metrics out of COMPOSE_PROFILES"}
	if lines := host.Check(t.Context(), claims); !slices.Equal(lines, want) {
		t.Errorf("with another's: got %q, want %q", lines, want)
	}
}

func TestHost_RefusesAnAddressThatTheMachineLacks(t *testing.T) {
	host := Host{Docker: fakeDocker{}, Kernel: fakeKernel{}, Lists: noRedis{}, Site: fleet.Site{Host: "1.2.3.4", First: 3000}}
	lines := host.Check(t.Context(), nil)
	if want := "setting HOST_IP=1.2.3.4: this machine does not have that address: take one of 10.0.0.5, 172.17.0.1, or leave"; len(lines) != 1 || !strings.HasPrefix(lines[0], want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	host.Docker = fakeDocker{elsewhere: true}
	if lines := host.Check(t.Context(), nil); len(lines) != 0 {
		t.Errorf("with Docker elsewhere: got %q, want nothing", lines)
	}
}

func TestHost_NamesServersThatAChangeWouldLeaveBehind(t *testing.T) {
	address := redistest.Address(t)
	old := fleet.Open(fleet.Redis{Address: address}, fleet.Site{Host: "172.17.0.1", First: 3000})
	defer old.Close()
	for range 2 { // 3001, 3002
		server, err := old.RequestSpawn(t.Context(), 20)
		if err == nil {
			err = old.Join(t.Context(), server, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	running := []engine.Container{{Port: 3002}} // 3001 has none
	for _, test := range []struct {
		name    string
		site    fleet.Site
		servers []engine.Container
		polls   bool
		want    string
	}{
		{"the same", fleet.Site{Host: "172.17.0.1", First: 3000}, running, true, ""},
		{"a lower port", fleet.Site{Host: "172.17.0.1", First: 2990}, running, true, ""},
		{"a higher port", fleet.Site{Host: "172.17.0.1", First: 3010}, running, true, "lpush deleteServers http://172.17.0.1:3002"},
		{"the port of one", fleet.Site{Host: "172.17.0.1", First: 3002}, running, true, "lpush deleteServers http://172.17.0.1:3002"},
		{"a higher port, and nobody to destroy it", fleet.Site{Host: "172.17.0.1", First: 3010}, running, false,
			"the servers http://172.17.0.1:3002 any more: end them first, with make down"},
		{"another address, to which it is moved", fleet.Site{Host: "10.0.0.5", First: 3000}, running, true, ""},
		{"another address and a higher port", fleet.Site{Host: "10.0.0.5", First: 3010}, running, true, "lpush deleteServers http://172.17.0.1:3002"},
		{"none runs", fleet.Site{Host: "10.0.0.5", First: 3010}, nil, true, ""},
	} {
		lists := fleet.Open(fleet.Redis{Address: address}, test.site)
		defer lists.Close()
		host := Host{Docker: fakeDocker{elsewhere: true, servers: test.servers}, Lists: lists, Site: test.site, Polls: test.polls}
		got := strings.Join(host.Check(t.Context(), nil), "\n")
		if test.want == "" && got != "" || !strings.HasSuffix(got, test.want) {
			t.Errorf("%s: got %q, want %q at its end", test.name, got, test.want)
		}
	}
}
