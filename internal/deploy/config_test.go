package deploy

import (
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/settings"
)

func readConfig(values map[string]string) (Config, error) {
	return ReadConfig(settings.From(func(name string) string { return values[name] }), "/srv/deploy")
}

// The names are those that people and scripts use. A second system on a host has
// its own.
func TestColour_HasTheNamesOfTheContract(t *testing.T) {
	for _, test := range []struct {
		fleet, name string
		want        colour
	}{
		{"", "blue", colour{
			name: "blue", git: "/srv/deploy/blue.git", www: "/srv/deploy/blue-www", app: "blue-app", image: "blue-image",
			repository: "localhost:5000/blue-registry", proxyPort: 50101, volumePrefix: "deux_blue_",
		}},
		{"", "green", colour{
			name: "green", git: "/srv/deploy/green.git", www: "/srv/deploy/green-www", app: "green-app", image: "green-image",
			repository: "localhost:5000/green-registry", proxyPort: 50100, volumePrefix: "deux_green_",
		}},
		{"second", "blue", colour{
			name: "blue", git: "/srv/deploy/blue.git", www: "/srv/deploy/blue-www", app: "second-blue-app", image: "second-blue-image",
			repository: "localhost:5000/blue-registry", proxyPort: 50101, volumePrefix: "second_blue_",
		}},
	} {
		config, err := readConfig(map[string]string{
			"FLEET": test.fleet, "HOST_IP": "192.0.2.1", "BLUE_FIRST_PORT": "2000", "GREEN_FIRST_PORT": "3000",
			"BLUE_HEALTH_TIMEOUT": "5s", "GREEN_HEALTH_TIMEOUT": "6s", "BLUE_APP_PIDS": "20", "GREEN_APP_PIDS": "30",
		})
		if err != nil {
			t.Fatal(err)
		}
		test.want.site, test.want.health, test.want.limits = fleet.Site{Host: "192.0.2.1", First: 2000}, 5*time.Second, config.BlueApp
		if test.name == "green" {
			test.want.site.First, test.want.health, test.want.limits = 3000, 6*time.Second, config.GreenApp
		}
		if got, err := config.colour(test.name); err != nil || got != test.want {
			t.Errorf("%s of %q: got %+v, %v, want %+v", test.name, test.fleet, got, err, test.want)
		}
		if config.BlueApp.Pids != 20 || config.GreenApp.Pids != 30 {
			t.Errorf("got %+v and %+v, want each its own limit", config.BlueApp, config.GreenApp)
		}
	}
}

func TestColour_ThatIsUnknownIsRefused(t *testing.T) {
	config, err := readConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "red", "Blue", "../blue"} {
		if got, err := config.colour(name); err == nil || !strings.HasSuffix(err.Error(), ": expected blue or green") {
			t.Errorf("%q: got %+v, %v, want a refusal", name, got, err)
		}
	}
}

func TestConfig_RefusesWhatItCannotMean(t *testing.T) {
	for name, values := range map[string]string{
		"KEEP_RELEASES": "0 101 -1 five", "BUILD_MEMORY": "31m 1x", "BUILD_TIMEOUT": "0s 10 soon", "RELEASE_PORTS": "0 x", "REGISTRY_PORT": "0 65536",
		"BLUE_PORT": "x", "GREEN_FIRST_PORT": "70000", "HEALTH_TIMEOUT": "x", "GREEN_HEALTH_TIMEOUT": "-1s", "DRAIN_TIMEOUT": "x",
		"STOP_GRACE_SECONDS": "-1 1m", "HOST_IP": "nowhere", "APP_PIDS": "x", "FLEET": "A/B",
	} {
		for value := range strings.FieldsSeq(values) {
			got, err := readConfig(map[string]string{name: value})
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
				t.Errorf("%s=%s: got %v, want an error that names both; %+v", name, value, err, got)
			}
		}
	}
}
