package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"deux/internal/fleet"
)

// breakOffInside answers with a head and a part of what it announces.
func breakOffInside(connection net.Conn) {
	_, _ = http.ReadRequest(bufio.NewReader(connection))
	io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"+strings.Repeat("a", 100_000))
	connection.Close()
}

func TestProxy_SaysThatAnAnswerBrokeOff(t *testing.T) {
	config := testConfig(t)
	config.AccessLog = "all"
	s := newStageWith(t, config)
	url := s.rawServer(breakOffInside)
	if got, err := status(s.dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); got != 200 || err == nil {
		t.Errorf("got %d, %v, want an answer that is cut", got, err)
	}
	var load fleet.Load
	eventually(t, func() bool { load = s.proxy.takeLoad(); return load.Requests > 0 })
	if load.Statuses["5xx"] != 1 || load.Servers[url].Errors != 1 {
		t.Errorf("the journal: got %+v, want an error of %s", load, url)
	}
	if want := `deux_proxy_requests_total{server="` + url + `",status="502"} 1`; !strings.Contains(s.scraped(), want) {
		t.Errorf("/metrics lacks %s", want)
	}
	eventually(t, func() bool { return len(s.logged.lines("msg=Request ")) == 1 })
	if line := s.logged.lines("msg=Request ")[0]; !strings.Contains(line, "status=502") || !strings.Contains(line, `error="`+errCutShort.Error()+`"`) {
		t.Errorf("the access log: got %s, want 502 and the error", line)
	}
	if got := len(s.logged.lines(`level=WARN msg="Request failed"`)); got != 1 {
		t.Errorf("got %d warnings, want 1", got)
	}
}

func TestProxy_WarnsOfNothingThatIsTheClientsOwnFault(t *testing.T) {
	config := testConfig(t)
	config.AccessLog = "all"
	s := newStageWith(t, config)
	garbage := []string{"GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"}
	for _, text := range garbage {
		if got, err := status(s.dial(text)); got != 505 && got != 501 {
			t.Errorf("%q: got %d, %v, want 505 or 501", text, got, err)
		}
	}
	eventually(t, func() bool { return len(s.logged.lines("msg=Request ")) == len(garbage) })
	if got := s.logged.lines("level=WARN"); len(got) > 0 {
		t.Errorf("got %q, want no warning", got)
	}
}

func TestProxy_MeasuresARefusalToItsEnd(t *testing.T) {
	s := newStage(t)
	connection := s.dial("nonsense\r\n\r\n") // and stays
	if got, err := status(connection); got != 400 {
		t.Fatalf("got %d, %v, want 400", got, err)
	}
	count := ""
	eventually(t, func() bool { _, count = s.seconds(t); return count == "1" })
	if sum, _ := s.seconds(t); sum >= lingerTimeout.Seconds() {
		t.Errorf("got %v s, want them without the %v that the proxy waits for the client to hang up", sum, lingerTimeout)
	}
}
