package infrastructure

import (
	"strings"
	"testing"

	"deux/internal/settings"
)

func TestVersion_ChangesWithThePasswordAndWithWhatIsHandedOn(t *testing.T) {
	seen := make(map[string]string)
	for _, environment := range []map[string]string{
		{}, {"ADMIN_PASSWORD": "one"}, {"ADMIN_PASSWORD": "two"}, {"ADMIN_PASSWORD": "one", "FLEET": "second"}, {"READ_ONLY": "yes"},
	} {
		config, err := ReadConfig(settings.From(func(name string) string { return environment[name] }))
		if err != nil {
			t.Fatal(err)
		}
		docker := newFakeDocker()
		docker.setFirst("image")
		config.Parallel = 1
		poller := &Poller{config: config, docker: docker, secret: mark(config)}
		version, err := poller.version(t.Context())
		if err != nil || version == "" {
			t.Fatalf("%v: got %q, %v, want a version", environment, version, err)
		}
		if earlier, taken := seen[version]; taken {
			t.Errorf("%v has the version of %s, want one of its own", environment, earlier)
		}
		seen[version] = strings.Join(config.scriptEnv(), " ")
	}
}

func TestConfig_HandsThePasswordOnApartFromWhatMayBeShown(t *testing.T) {
	const canary = "open sesame"
	config, err := ReadConfig(settings.From(func(name string) string {
		return map[string]string{"ADMIN_PASSWORD": canary, "ADMIN_PASSWORD_FILE": "/old"}[name]
	}))
	if err != nil {
		t.Fatal(err)
	}
	if shown := strings.Join(config.scriptEnv(), " "); strings.Contains(shown, canary) {
		t.Errorf("scriptEnv: got %s, want no password in it", shown)
	}
	secret := strings.Join(config.secretEnv(), " ")
	if want := "ADMIN_PASSWORD=" + canary + " ADMIN_PASSWORD_FILE="; secret != want {
		t.Errorf("secretEnv: got %q, want %q", secret, want)
	}
}
