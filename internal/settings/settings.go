// Package settings reads a program's settings from the environment, so that
// every program refuses a bad one in the same words: a line that names the
// variable, the value it has and what was expected.
//
//	env := settings.FromEnvironment()
//	config := Config{Interval: env.Duration("WRITE_INTERVAL", 2*time.Minute, time.Millisecond)}
//	return config, env.Err()
package settings

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reader reads settings one by one and remembers everything that was wrong
// with them. A variable that is unset or empty has its default.
type Reader struct {
	lookup   func(string) string
	read     map[string]string
	defaults map[string][]string // all that each was read with
	errs     []error
}

// FromEnvironment returns a Reader of the process's environment.
func FromEnvironment() *Reader { return From(os.Getenv) }

// From returns a Reader that asks lookup for the value of each variable.
func From(lookup func(string) string) *Reader {
	r := &Reader{read: make(map[string]string), defaults: make(map[string][]string)}
	r.lookup = func(name string) string {
		r.read[name] = lookup(name)
		return r.read[name]
	}
	return r
}

// Read returns every variable that was read so far as NAME=value, by name, with
// secrets as they are.
func (r *Reader) Read() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(r.read)) {
		all = append(all, name+"="+r.read[name])
	}
	return all
}

// Err returns nil, or an error with one line for each bad setting read so far.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// Defaults returns the default of each variable read so far, as a person writes
// it. One that was read with several has all of them, with " or " between.
func (r *Reader) Defaults() map[string]string {
	all := make(map[string]string)
	for name, defaults := range r.defaults {
		all[name] = strings.Join(defaults, " or ")
	}
	return all
}

// value returns the variable as it is, or "", and remembers its default.
func (r *Reader) value(name, fallback string) string {
	if !slices.Contains(r.defaults[name], fallback) {
		r.defaults[name] = append(r.defaults[name], fallback)
	}
	return r.lookup(name)
}

// Handed returns the variable as it is, or "", for a program that hands it on
// to the one that reads it.
func (r *Reader) Handed(name string) string { return r.lookup(name) }

// String returns the variable as it is.
func (r *Reader) String(name, fallback string) string {
	if value := r.value(name, fallback); value != "" {
		return value
	}
	return fallback
}

// Int returns the variable as a whole number between low and high.
func (r *Reader) Int(name string, fallback, low, high int) int {
	value := r.value(name, strconv.Itoa(fallback))
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		r.reject(name, value, fmt.Sprintf("a whole number from %d to %d", low, high))
		return fallback
	}
	return n
}

// Port returns the variable as a TCP port, 1 to 65535.
func (r *Reader) Port(name string, fallback int) int {
	return r.Int(name, fallback, 1, 65535)
}

// Duration returns the variable as a time of at least low, written as Go
// writes one: 500ms, 30s, 2m.
func (r *Reader) Duration(name string, fallback, low time.Duration) time.Duration {
	value := r.value(name, fallback.String())
	if value == "" {
		return fallback
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < low {
		r.reject(name, value, fmt.Sprintf("a time of at least %v, such as 500ms, 30s or 2m", low))
		return fallback
	}
	return d
}

// Address returns the variable as HOST:PORT.
func (r *Reader) Address(name, fallback string) string {
	value := r.String(name, fallback)
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.Atoi(port); err != nil || host == "" || bad != nil || n < 1 || n > 65535 {
		r.reject(name, value, "HOST:PORT, such as 127.0.0.1:6379")
		return fallback
	}
	return value
}

// IPv4 returns the variable as an IPv4 address, which is what Docker publishes
// ports on.
func (r *Reader) IPv4(name, fallback string) string {
	value := r.String(name, fallback)
	if address, err := netip.ParseAddr(value); err != nil || !address.Is4() {
		r.reject(name, value, "an IPv4 address")
		return fallback
	}
	return value
}

// Choice returns the variable as one of the words that it may be, of which the
// first is the default.
func (r *Reader) Choice(name string, words ...string) string {
	value := r.String(name, words[0])
	if !slices.Contains(words, value) {
		last := len(words) - 1
		r.reject(name, value, strings.Join(words[:last], ", ")+" or "+words[last])
		return words[0]
	}
	return value
}

// Bool returns the variable as yes or no; the default is no.
func (r *Reader) Bool(name string) bool { return r.Choice(name, "no", "yes") == "yes" }

// Hosts returns the variable as names of hosts with commas between them, by
// default fallback read likewise. A name may begin with a dot and then stands
// for all below it; * is every name.
func (r *Reader) Hosts(name, fallback string) (hosts []string) {
	value := r.String(name, fallback)
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		if !hostPattern.MatchString(word) {
			r.reject(name, value, "names of hosts without ports, with commas between them, such as deux.example.com, .example.org, or *")
			return nil
		}
		hosts = append(hosts, word)
	}
	return hosts
}

// hostPattern is what a Host field may have before its port, also where a name
// is not one of DNS (RFC 952 knows no underscore).
var hostPattern = regexp.MustCompile(`^(\*|\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?)$`)

// Reject adds to what is wrong, for a rule over several settings.
func (r *Reader) Reject(name, value, expected string) { r.reject(name, value, expected) }

// Networks returns the variable as networks, written as addresses or CIDR
// (RFC 4632 section 3.1) with commas between them: 10.0.0.0/8, 192.0.2.7. By
// default there is none.
func (r *Reader) Networks(name string) (networks []netip.Prefix) {
	value := r.String(name, "")
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		network, err := netip.ParsePrefix(word)
		if address, bad := netip.ParseAddr(word); bad == nil {
			network, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			r.reject(name, value, "addresses or networks with commas between them, such as 10.0.0.0/8, 192.0.2.7")
			return nil
		}
		networks = append(networks, network.Masked())
	}
	return networks
}

// Name returns the variable as a short word that may stand in the names of
// Docker's containers, networks and labels.
func (r *Reader) Name(name, fallback string) string {
	value := r.String(name, fallback)
	if !namePattern.MatchString(value) {
		r.reject(name, value, "lower-case letters, digits, - and _, a letter or digit first, 40 at most")
		return fallback
	}
	return value
}

// namePattern is what Compose takes as a project's name.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

func (r *Reader) reject(name, value, expected string) {
	r.errs = append(r.errs, fmt.Errorf("setting %s=%q: expected %s", name, value, expected))
}
