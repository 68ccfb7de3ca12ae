package preflight

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

func TestMachine_KnowsWhoListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	for _, address := range []string{"", "127.0.0.1"} {
		if (Machine{}).IsFree(address, port) {
			t.Errorf("%q: got free, want that somebody listens on it", address)
		}
	}
	if got, want := (Machine{}).Holder(port), fmt.Sprintf("(process %d)", os.Getpid()); !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want this test %s", got, want)
	}
	listener.Close()
	if got := (Machine{}).Holder(port); got != "" || !(Machine{}).IsFree("127.0.0.1", port) {
		t.Errorf("after the end: got %q, want nobody", got)
	}
}

func TestMachine_KnowsItsAddresses(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "203.0.113.1": false} { // RFC 5737: nobody's
		if got := (Machine{}).Has(address); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
	for _, address := range (Machine{}).Addresses() {
		if !(Machine{}).Has(address) {
			t.Errorf("got %s, want an address that one can listen on", address)
		}
	}
}
