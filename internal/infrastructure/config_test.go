package infrastructure

import (
	"strings"
	"testing"

	"deux/internal/settings"
)

func TestReadConfig_NamesABadSetting(t *testing.T) {
	_, err := ReadConfig(settings.From(func(name string) string {
		return map[string]string{"DRAIN_TIMEOUT": "soon"}[name]
	}))
	if err == nil || !strings.Contains(err.Error(), `DRAIN_TIMEOUT="soon"`) {
		t.Errorf("got %v, want an error that names DRAIN_TIMEOUT", err)
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
