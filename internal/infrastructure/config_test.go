package infrastructure

import (
	"os"
	"regexp"
	"slices"
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

// variable matches what a script takes from the environment: --env NAME, which
// docker run reads itself, $NAME and ${NAME…}.
var variable = regexp.MustCompile(`(?:--env |\$\{?)([A-Z][A-Z_]+)`)

// A change of what ReadConfig reads has the program replaced.
func TestReadConfig_ReadsEverySettingOfASpawnedServer(t *testing.T) {
	script, err := os.ReadFile("../../scripts/spawn_docker.sh")
	if err != nil {
		t.Fatal(err)
	}
	env := settings.From(func(string) string { return "" })
	if _, err := ReadConfig(env); err != nil {
		t.Fatal(err)
	}
	found := variable.FindAllStringSubmatch(string(script), -1)
	if len(found) < 20 {
		t.Fatalf("found only %d variables in the script", len(found))
	}
	for _, match := range found {
		if name := match[1]; name != "SERVER_VERSION" && !slices.Contains(env.Read(), name+"=") {
			t.Errorf("%s is not read", name)
		}
	}
}

// make clean removes the files by name, because VAR may be anybody's folder.
func TestRenewal_IsAmongWhatMakeCleanRemoves(t *testing.T) {
	script, err := os.ReadFile("../../scripts/down.sh")
	if want := `"$VAR"/` + renewalFile + ` "$VAR"/.` + renewalFile + "-*"; err != nil || !strings.Contains(string(script), want) {
		t.Errorf("scripts/down.sh: got %v, want %s in it", err, want)
	}
}
