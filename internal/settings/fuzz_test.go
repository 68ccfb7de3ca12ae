package settings_test

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"deux/internal/settings"
)

// reading is one method of Reader, which hands out what may be: well reports
// whether it has for this value.
type reading struct {
	name string
	well func(env *settings.Reader) bool
}

var readings = []reading{
	{"Int", func(env *settings.Reader) bool { n := env.Int("X", 7, 5, 10); return n >= 5 && n <= 10 }},
	{"Port", func(env *settings.Reader) bool { n := env.Port("X", 80); return n >= 1 && n <= 65535 }},
	{"Duration", func(env *settings.Reader) bool { return env.Duration("X", time.Minute, time.Second) >= time.Second }},
	{"Size", func(env *settings.Reader) bool { return env.Size("X", "1g", 6<<20) >= 6<<20 }},
	{"Address", func(env *settings.Reader) bool {
		host, port, err := net.SplitHostPort(env.Address("X", "redis:6379"))
		n, bad := strconv.Atoi(port)
		return err == nil && host != "" && bad == nil && n >= 1 && n <= 65535
	}},
	{"IPv4", func(env *settings.Reader) bool {
		address, err := netip.ParseAddr(env.IPv4("X", "127.0.0.1"))
		return err == nil && address.Is4()
	}},
	{"Choice", func(env *settings.Reader) bool {
		word := env.Choice("X", "text", "json")
		return word == "text" || word == "json"
	}},
	{"Words", func(env *settings.Reader) bool {
		return strings.Trim(env.Words("X", "A", []string{"A", "B"}), "AB,") == ""
	}},
	{"Hosts", func(env *settings.Reader) bool {
		return !strings.ContainsAny(strings.Join(env.Hosts("X", "*"), ""), " ,:/\n\x00")
	}},
	{"Networks", func(env *settings.Reader) bool {
		for _, network := range env.Networks("X") {
			if network != network.Masked() || !network.IsValid() {
				return false
			}
		}
		return true
	}},
	{"Name", func(env *settings.Reader) bool {
		name := env.Name("X", "deux")
		return name != "" && len(name) <= 40 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	}},
}

// FuzzReader_HandsOutOnlyWhatMayBe holds of every method, whatever a variable
// has: what it returns is within its bounds, and a value that is not is refused
// with the name of the variable, on one line.
func FuzzReader_HandsOutOnlyWhatMayBe(f *testing.F) {
	for _, value := range []string{
		"", "7", "11", "65536", "-1", "99999999999999999999", "30s", "-2m", "96m", "99999999999g", "redis:6379", "[::1]:1", "a:b:c",
		"172.17.0.1", "fd00::1%eth0", "json", "A,B", "*, .example.org", "10.0.0.0/8, ::1", "deux-2", "a\nb", "\xff\x00",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, read := range readings {
			env := settings.From(func(string) string { return value })
			if !read.well(env) {
				t.Errorf("%s of %q returned what may not be", read.name, value)
			}
			if err := env.Err(); err != nil && (!strings.HasPrefix(err.Error(), "setting X=") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%s of %q: got %q, want one line that names the setting", read.name, value, err)
			}
		}
		checkSecret(t, value)
	})
}

// checkSecret holds that a secret comes back as it is or not at all, and that
// nothing says it.
func checkSecret(t *testing.T, value string) {
	t.Helper()
	env := settings.From(func(string) string { return value })
	secret := env.Secret("X")
	if err := env.Err(); err == nil && string(secret) != value || err != nil && secret != "" {
		t.Errorf("Secret of %q: got %q, %v", value, string(secret), err)
	}
}
