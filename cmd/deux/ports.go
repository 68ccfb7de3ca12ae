package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"deux/internal/settings"
)

// ports are the settings that say where the system listens on the host, apart
// from its servers. Compose would refuse a port that two containers publish;
// what is on the host's network finds out when it listens.
var ports = []struct {
	name    string
	usual   int
	isProxy bool // on the host's network, as a user without rights
}{
	{"PROXY_PORT", 3456, true},
	{"PROXY_ADMIN_PORT", 3457, true},
	{"BLUE_PORT", 50101, true},
	{"BLUE_ADMIN_PORT", 50111, true},
	{"GREEN_PORT", 50100, true},
	{"GREEN_ADMIN_PORT", 50110, true},
	{"FIRST_PORT", 3000, false},
	{"READER_PORT", 8000, false},
	{"WRITER_PORT", 7000, false},
	{"REDIS_PORT", 6379, false},
	{"REGISTRY_PORT", 5000, false},
}

// checkPorts returns a line for each port that two want, or that is below the
// lowest that a proxy may listen on.
func checkPorts(env *settings.Reader, lowest int) (lines []string) {
	owners := make(map[int]string)
	for _, setting := range ports {
		port := env.Port(setting.name, setting.usual)
		if owner, taken := owners[port]; taken {
			lines = append(lines, fmt.Sprintf("setting %s=%d: expected another port than that of %s", setting.name, port, owner))
		}
		owners[port] = setting.name
		if setting.isProxy && port < lowest {
			lines = append(lines, fmt.Sprintf("setting %s=%d: expected %d or higher, because a proxy is not root "+
				"(docs/proxy.md, Deployed, says how to let it)", setting.name, port, lowest))
		}
	}
	return lines
}

// lowestPort is the lowest port that a user without rights may listen on here
// (ip(7), ip_unprivileged_port_start).
func lowestPort() int {
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if port, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		return port
	}
	return 1024
}
