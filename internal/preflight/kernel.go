package preflight

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Machine asks this machine's kernel.
type Machine struct{}

// Has reports whether one can listen on the address here.
func (Machine) Has(address string) bool { return !errors.Is(listen(address, 0), syscall.EADDRNOTAVAIL) }

// IsFree reports whether nobody listens on the port, as far as one may know:
// what only root may have is taken for free.
func (Machine) IsFree(address string, port int) bool {
	return !errors.Is(listen(address, port), syscall.EADDRINUSE)
}

func listen(address string, port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}

// Addresses returns the machine's IPv4 addresses but the loopback's and those
// of networks that Docker made for containers.
func (Machine) Addresses() (all []string) {
	interfaces, _ := net.Interfaces()
	for _, device := range interfaces {
		addresses, _ := device.Addrs()
		for _, address := range addresses {
			network, is := address.(*net.IPNet)
			if is && network.IP.To4() != nil && !network.IP.IsLoopback() && !strings.HasPrefix(device.Name, "br-") {
				all = append(all, network.IP.String())
			}
		}
	}
	return all
}

// LowestPort returns the lowest port that a user without rights may listen on
// (ip(7), ip_unprivileged_port_start).
func (Machine) LowestPort() int {
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if port, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		return port
	}
	return 1024
}

// IsListenedOn reports whether a program listens on the port, on any address.
// If that cannot be known, it is so.
func (Machine) IsListenedOn(port int) bool {
	sockets, err := listeners(port)
	return err != nil || len(sockets) > 0
}

// Holder returns the program that listens on a port, and its process, or "" if
// this user may not know.
func (Machine) Holder(port int) string {
	sockets, _ := listeners(port)
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && sockets[target] {
			process := strings.Split(link, "/")[2]
			name, _ := os.ReadFile("/proc/" + process + "/comm")
			return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), process)
		}
	}
	return ""
}

// listeners returns the sockets that listen on a port, as links of /proc/PID/fd
// name them.
func listeners(port int) (sockets map[string]bool, err error) {
	sockets = make(map[string]bool)
	err = addListeners(sockets, "/proc/net/tcp", port)
	if failure := addListeners(sockets, "/proc/net/tcp6", port); !errors.Is(failure, os.ErrNotExist) { // as without IPv6
		err = errors.Join(err, failure)
	}
	return sockets, err
}

// addListeners adds those in one table of the kernel (proc(5), /proc/net/tcp: of
// the fields of a line, the second is the address, the fourth the state and the
// tenth the inode; 0A is LISTEN).
func addListeners(sockets map[string]bool, file string, port int) error {
	table, err := os.Open(file)
	if err != nil {
		return err
	}
	defer table.Close()
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
			sockets["socket:["+fields[9]+"]"] = true
		}
	}
	return lines.Err()
}
