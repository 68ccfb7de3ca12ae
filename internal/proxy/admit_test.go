package proxy

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// backlogged returns a proxy without servers and a listener that nobody accepts
// from.
func backlogged(t *testing.T) (*Proxy, *net.TCPListener) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	lists := newFakeLists()
	close(lists.release)
	return newProxy(testConfig(t), lists, lists, slog.New(slog.DiscardHandler)), listener.(*net.TCPListener)
}

func TestProxy_AnswersWhatIsInTheQueueBehindAConnectionThatWasReset(t *testing.T) {
	p, listener := backlogged(t)
	var last net.Conn
	for i := range 3 {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if last = connection; i < 2 {
			_ = connection.(*net.TCPConn).SetLinger(0)
			connection.Close()
		}
	}
	p.acceptBacklog(listener)
	_ = last.SetDeadline(time.Now().Add(patience))
	if _, err := last.Write([]byte("BAD\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := status(last); got != 400 {
		t.Errorf("got %d, %v, want an answer", got, err)
	}
}

func TestProxy_AnswersOnlySomeOfTheConnectionsThatAreTooMany(t *testing.T) {
	config := testConfig(t)
	config.MaxConnections = 0
	unlessStalled(t, func() (complaint string, stalled bool) {
		s := newStageWith(t, config)
		began := s.now()
		for range mostTurnedAway { // each goes on until its client hangs up
			if got, err := status(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); got != 503 {
				complaint = fmt.Sprintf("got %d, %v, want 503", got, err)
			}
		}
		if connection, err := net.Dial("tcp", s.address); err == nil { // else it was hung up on at once
			if got, err := status(connection); err == nil {
				complaint = fmt.Sprintf("got %d after %d were answered, want it hung up on", got, mostTurnedAway)
			}
			connection.Close()
		}
		if want := fmt.Sprintf("\ndeux_proxy_connections_refused_total %d\n", mostTurnedAway+1); !strings.Contains(s.scraped(), want) {
			complaint = "/metrics lacks" + want
		}
		return complaint, s.since(began) > lingerTimeout/2
	})
}

func TestOrigin_OfIPv6IsTheNetworkThatACustomerGets(t *testing.T) {
	for _, test := range []struct {
		one, other string
		same       bool
	}{
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
	} {
		one, other := originOf(netip.MustParseAddr(test.one)), originOf(netip.MustParseAddr(test.other))
		if got := one == other; got != test.same {
			t.Errorf("%s and %s: got %v and %v, want the same: %v", test.one, test.other, one, other, test.same)
		}
	}
}

func TestConfig_LeavesRoomForMoreThanOneAddress(t *testing.T) {
	config := testConfig(t)
	if one := config.MaxClientConnections; one >= config.MaxServerRequests || one > config.MaxConnections/2 {
		t.Errorf("one address may have %d connections, want fewer than the %d requests of a server and at most half of %d",
			one, config.MaxServerRequests, config.MaxConnections)
	}
}
