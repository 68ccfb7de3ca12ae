package webapp

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/settings"
)

func read(environment map[string]string) (Config, error) {
	return ReadConfig(settings.From(func(name string) string { return environment[name] }))
}

func TestSettings_HaveDefaults(t *testing.T) {
	got, err := read(nil)
	want := Config{
		Port: 3000, Redis: fleet.Redis{Address: "127.0.0.1:6379"}, Site: fleet.Site{Host: "172.17.0.1", First: 3000},
		MaxServers: 20, MaxImages: 100, MaxImageBytes: 64 << 20, MaxKeys: 10000, ShutdownTimeout: 8 * time.Second,
		Ports:  map[string]int{"blue": 50101, "green": 50100, "reader": 8000},
		Access: Access{Fleet: "deux", SessionTimeout: 12 * time.Hour},
	}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("Settings of nothing: got %+v, %v, want %+v", got, err, want)
	}
}

func TestSettings_AreReadFromTheEnvironment(t *testing.T) {
	got, err := read(map[string]string{
		"start_port": "3007", "REDIS_ADDR": "redis:6379", "REDIS_PASSWORD": "a b", "HOST_IP": "10.0.0.5", "FIRST_PORT": "3005",
		"MAX_SERVERS": "1000", "MAX_IMAGES": "1", "STOP_GRACE_SECONDS": "60",
		"MAX_IMAGE_BYTES": "33554432", "MAX_KEYS": "100", "FLEET": "two", "ALLOWED_HOSTS": "deux.example.com, .example.org",
		"HOST_NAME": "vm", "ADMIN_PASSWORD": "open sesame", "SESSION_TIMEOUT": "90s", "PRIVATE": "yes", "READ_ONLY": "yes",
		"TRUSTED_PROXIES": "192.0.2.0/24", "BLUE_PORT": "1", "GREEN_PORT": "2", "READER_PORT": "3",
	})
	want := Config{
		Port: 3007, Redis: fleet.Redis{Address: "redis:6379", Password: "a b"}, Site: fleet.Site{Host: "10.0.0.5", First: 3005},
		MaxServers: 1000, MaxImages: 1, MaxImageBytes: 32 << 20, MaxKeys: 100, ShutdownTimeout: 58 * time.Second,
		Ports: map[string]int{"blue": 1, "green": 2, "reader": 3},
		Access: Access{
			Fleet: "two", Hosts: []string{"deux.example.com", ".example.org"}, Password: "open sesame", SessionTimeout: 90 * time.Second,
			Private: true, ReadOnly: true, Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		},
	}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("Settings: got %+v, %v, want %+v", got, err, want)
	}
}

func TestSettings_ThatAreBadAreNamedWithWhatWasExpected(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"start_port", "http", `setting start_port="http": expected a whole number from 1 to 65535`},
		{"FIRST_PORT", "0", `setting FIRST_PORT="0": expected a whole number from 1 to 65535`},
		{"REDIS_ADDR", "redis", `setting REDIS_ADDR="redis": expected HOST:PORT, such as 127.0.0.1:6379`},
		{"REDIS_PASSWORD", "a\tb", `setting REDIS_PASSWORD: expected text in UTF-8 on one line, without control characters such as a tab`},
		{"HOST_IP", "a b", `setting HOST_IP="a b": expected an IPv4 address`},
		{"MAX_SERVERS", "0", `setting MAX_SERVERS="0": expected a whole number from 1 to 1000`},
		{"MAX_SERVERS", "1001", `setting MAX_SERVERS="1001": expected a whole number from 1 to 1000`},
		{"MAX_IMAGES", "many", `setting MAX_IMAGES="many": expected a whole number from 1 to 1000`},
		{"MAX_IMAGE_BYTES", "1000", `setting MAX_IMAGE_BYTES="1000": expected a whole number from 16777216 to 1099511627776`},
		{"PRIVATE", "true", `setting PRIVATE="true": expected no or yes`},
		{"PRIVATE", "yes", `setting PRIVATE="yes": expected a password in ADMIN_PASSWORD or ADMIN_PASSWORD_FILE too, or nobody could log in`},
		{"ADMIN_PASSWORD", "two\nlines", `setting ADMIN_PASSWORD: expected text in UTF-8 on one line, without control characters such as a tab`},
		{"ADMIN_PASSWORD_FILE", "/secret", `setting ADMIN_PASSWORD_FILE="/secret": expected to be started by make up or scripts/compose.sh up, which read the file: Compose alone does not`},
		{"ALLOWED_HOSTS", "http://vm/", `setting ALLOWED_HOSTS="http://vm/": expected names of hosts without ports, with commas between them, such as deux.example.com, .example.org, or *`},
		{"STOP_GRACE_SECONDS", "8s", `setting STOP_GRACE_SECONDS="8s": expected a whole number from 0 to 3600`},
	} {
		_, err := read(map[string]string{test.name: test.value})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s=%s: got %v, want %s", test.name, test.value, err, test.want)
		}
	}
}
