// Package porttest gives a test a port to start a program on.
package porttest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Free returns a port that nothing listens on, on any address. It is below
// those that the kernel gives to clients (ip(7), ip_local_port_range): another
// test's connection could take one of those before the program listens on it.
func Free(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(10000)
		if listener, err := net.Listen("tcp", ":"+strconv.Itoa(port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no free port found")
	return 0
}
