package settings

import (
	"strings"
	"time"
)

// The settings that several programs or scripts read: each has its name, its
// default and its bounds here and nowhere else in Go. A test of cmd/deux holds
// docker-compose.yml, scripts/settings.sh and docs/settings.md against them. What
// one package reads for all that use it stands there: REDIS_ADDR and
// REDIS_PASSWORD in fleet, LOG_FORMAT in program, and LOCK_FILE, which only
// infrastructure reads, in infrastructure.

// Fleet returns FLEET, the name of the system on this host.
func (r *Reader) Fleet() string { return r.Name("FLEET", DefaultFleet) }

// DefaultFleet is the fleet whose containers and images have the contract's
// names, without a prefix.
const DefaultFleet = "deux"

// HostIP returns HOST_IP, the address that URLs in the lists are made of.
func (r *Reader) HostIP() string { return r.IPv4("HOST_IP", "172.17.0.1") }

// FirstPort returns FIRST_PORT, that of the server that is never destroyed.
func (r *Reader) FirstPort() int { return r.Port("FIRST_PORT", 3000) }

// MaxServers returns MAX_SERVERS, as many as /spawn allows, the first included.
func (r *Reader) MaxServers() int { return r.Int("MAX_SERVERS", 20, 1, 1000) }

// MaxImages returns MAX_IMAGES, as many as are kept until they are seen.
func (r *Reader) MaxImages() int { return r.Int("MAX_IMAGES", 100, 1, 1000) }

// ColourPort returns BLUE_PORT or GREEN_PORT, where people find a colour's app.
func (r *Reader) ColourPort(colour string) int {
	return r.Port(strings.ToUpper(colour)+"_PORT", colourPorts[colour].proxy)
}

// ColourAdminPort returns BLUE_ADMIN_PORT or GREEN_ADMIN_PORT, where a colour's
// proxy tells of itself.
func (r *Reader) ColourAdminPort(colour string) int {
	return r.Port(strings.ToUpper(colour)+"_ADMIN_PORT", colourPorts[colour].admin)
}

// ColourFirstPort returns BLUE_FIRST_PORT or GREEN_FIRST_PORT, the first of the
// ports that a colour's releases may have.
func (r *Reader) ColourFirstPort(colour string) int {
	return r.Port(strings.ToUpper(colour)+"_FIRST_PORT", colourPorts[colour].first)
}

// colourPorts are the ports that a colour has by default.
var colourPorts = map[string]struct{ proxy, admin, first int }{
	"blue":  {50101, 50111, 50200},
	"green": {50100, 50110, 50250},
}

// ReleasePorts returns RELEASE_PORTS, how many each colour has.
func (r *Reader) ReleasePorts() int { return r.Int("RELEASE_PORTS", 50, 3, 1000) }

// RegistryPort returns REGISTRY_PORT, on 127.0.0.1.
func (r *Reader) RegistryPort() int { return r.Port("REGISTRY_PORT", 5000) }

// ReaderPort returns READER_PORT, where the reader is on the host.
func (r *Reader) ReaderPort() int { return r.Port("READER_PORT", 8000) }

// WriterPort returns WRITER_PORT, where socat is on the host.
func (r *Reader) WriterPort() int { return r.Port("WRITER_PORT", 7000) }

// DrainTimeout returns DRAIN_TIMEOUT, for requests in flight to a server or
// release that is to go.
func (r *Reader) DrainTimeout() time.Duration {
	return r.Duration("DRAIN_TIMEOUT", 30*time.Second, 0)
}

// StopGrace returns STOP_GRACE_SECONDS, between SIGTERM and SIGKILL.
func (r *Reader) StopGrace() time.Duration {
	return time.Duration(r.Int("STOP_GRACE_SECONDS", 10, 0, 3600)) * time.Second
}

// HealthTimeouts returns BLUE_HEALTH_TIMEOUT and GREEN_HEALTH_TIMEOUT, from the
// start of a colour's release to its first good answer. Each is HEALTH_TIMEOUT
// unless set.
func (r *Reader) HealthTimeouts() (blue, green time.Duration) {
	both := r.Duration("HEALTH_TIMEOUT", 30*time.Second, time.Second)
	return r.Duration("BLUE_HEALTH_TIMEOUT", both, time.Second), r.Duration("GREEN_HEALTH_TIMEOUT", both, time.Second)
}
