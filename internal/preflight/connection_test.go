package preflight

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
)

// passing is a kernel that gave GREEN_PORT to a connection, for so many looks.
type passing struct {
	fakeKernel
	looks int
}

func (p *passing) IsFree(_ string, port int) bool {
	if port != 50100 {
		return true
	}
	p.looks--
	return p.looks < 0
}

func (*passing) IsListenedOn(int) bool { return false }

func TestHost_WaitsAMomentForTheEndOfAConnection(t *testing.T) {
	for _, test := range []struct {
		what  string
		looks int
		want  string
		took  time.Duration
	}{
		{"that ends", 10, "", 10 * connectionPause},
		{"that stays", 1000, "setting GREEN_PORT=50100: expected a free port, but a connection from this machine " +
			"(sudo ss -tanp 'sport = :50100' shows whose; docs/operating.md, At boot, says how to keep the port from them) has it: end that, or name another port", connectionPatience},
	} {
		synctest.Test(t, func(t *testing.T) {
			host := Host{Docker: fakeDocker{}, Kernel: &passing{looks: test.looks}, Lists: noRedis{}, Site: fleet.Site{Host: "172.17.0.1", First: 3000}}
			began := time.Now()
			got := strings.Join(host.Check(t.Context(), claimsOf(t, nil)), "\n")
			if took := time.Since(began); got != test.want || took != test.took {
				t.Errorf("one %s: got %q after %v, want %q after %v", test.what, got, took, test.want, test.took)
			}
		})
	}
}

func TestMachine_TellsAConnectionFromAProgramThatListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for what, test := range map[string]struct {
		address net.Addr
		want    bool
	}{
		"a listener":             {listener.Addr(), true},
		"an outgoing connection": {connection.LocalAddr(), false},
	} {
		port := test.address.(*net.TCPAddr).Port
		if (Machine{}).IsFree("", port) {
			t.Errorf("%s: got a free port, want one that is taken", what)
		}
		if got := (Machine{}).IsListenedOn(port); got != test.want {
			t.Errorf("%s: got %v, want %v that somebody listens", what, got, test.want)
		}
	}
}
