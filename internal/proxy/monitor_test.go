package proxy

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// monitor counts the commands that Redis carries out, as redis-cli monitor shows
// them.
type monitor struct {
	mu     sync.Mutex
	counts map[string]int // by command, in lower case
}

func watchRedis(t *testing.T, address string) *monitor {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	fmt.Fprint(connection, "MONITOR\r\n")
	m := &monitor{counts: make(map[string]int)}
	lines := bufio.NewScanner(connection)
	lines.Scan() // +OK
	go func() {
		for lines.Scan() {
			if parts := strings.SplitN(lines.Text(), `"`, 3); len(parts) == 3 {
				m.mu.Lock()
				m.counts[strings.ToLower(parts[1])]++
				m.mu.Unlock()
			}
		}
	}()
	return m
}

func (m *monitor) count(command string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[command]
}

func TestProxy_RotatesOnceARequestAlsoUnderLoad(t *testing.T) {
	s := newStage(t)
	a, _ := s.backend(ok)
	b, _ := s.backend(ok)
	m := watchRedis(t, s.Address)
	const clients, requests = 32, 200
	var served [2]atomic.Int64
	var load sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	for range clients {
		load.Go(func() {
			for range requests {
				response, err := (&http.Client{Transport: transport}).Get(s.url("/"))
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
				switch response.Header.Get(ServedBy) {
				case a:
					served[0].Add(1)
				case b:
					served[1].Add(1)
				}
			}
		})
	}
	load.Wait()
	turns := func() int { return m.count("rpoplpush") - m.count("lmove") }
	eventually(t, func() bool { return turns() == clients*requests })
	if s.proxy.rotor.stored.Load() == 0 {
		t.Error("no turn was fetched ahead: the load was too small for what this tests")
	}
	if one, other := served[0].Load(), served[1].Load(); one+other != clients*requests || one-other > 1 || other-one > 1 {
		t.Errorf("served: got %d and %d, want each server half of %d", one, other, clients*requests)
	}
}

func TestProxy_RotatesExactlyOnceForARequestThatComesAlone(t *testing.T) {
	s := newStage(t)
	s.backend(ok)
	s.backend(ok)
	m := watchRedis(t, s.Address)
	for n := 1; n <= 50; n++ {
		s.do("GET", "/", "")
		eventually(t, func() bool { return m.count("rpoplpush") >= n })
		if got, back := m.count("rpoplpush"), m.count("lmove"); got != n || back != 0 {
			t.Fatalf("after %d requests: got %d rotations and %d taken back, want %d and 0", n, got, back, n)
		}
	}
}
