package deploy

import (
	"slices"
	"strings"
	"testing"

	"deux/internal/settings"
)

func readLimits(t *testing.T, values map[string]string) (blue, green AppLimits, err error) {
	t.Helper()
	env := settings.From(func(name string) string { return values[name] })
	blue, green = readAppLimits(env)
	return blue, green, env.Err()
}

func TestAppLimits_OfAColourCountMoreThanThoseOfBoth(t *testing.T) {
	blue, green, err := readLimits(t, map[string]string{
		"APP_MEMORY": "64m", "APP_CAPABILITIES": "NET_RAW", "GREEN_APP_MEMORY": "1g", "BLUE_APP_PIDS": "99", "GREEN_APP_CAPABILITIES": "none"})
	wantBlue := AppLimits{Memory: 64 << 20, CPUShares: 512, Pids: 99, LogSize: 10 << 20, Capabilities: "NET_RAW"}
	wantGreen := AppLimits{Memory: 1 << 30, CPUShares: 512, Pids: 256, LogSize: 10 << 20, Capabilities: "none"}
	if blue != wantBlue || green != wantGreen || err != nil {
		t.Errorf("got %+v, %+v, %v, want %+v, %+v", blue, green, err, wantBlue, wantGreen)
	}
}

func TestAppLimits_ABadOneIsSaidOnceByTheNameThatHasIt(t *testing.T) {
	for _, name := range []string{"APP_MEMORY", "BLUE_APP_PIDS", "GREEN_APP_LOG_SIZE", "APP_CPU_SHARES", "GREEN_APP_CAPABILITIES"} {
		_, _, err := readLimits(t, map[string]string{name: "much"})
		if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.HasPrefix(err.Error(), `setting `+name+`="much": expected `) {
			t.Errorf("%s=much: got %v, want one line about it", name, err)
		}
	}
}

func TestCapabilities_AreTheDefaultsAndWhatIsAddedOrOnlyThat(t *testing.T) {
	for setting, want := range map[string][]string{
		"":                      defaultCapabilities,
		"CHOWN":                 defaultCapabilities,
		"SYS_NICE":              append(slices.Clone(defaultCapabilities), "SYS_NICE"),
		"none":                  {},
		"NET_RAW,none":          {"NET_RAW"},
		"none,CHOWN,CHOWN,KILL": {"CHOWN", "KILL"},
	} {
		if got := capabilities(setting); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", setting, got, want)
		}
	}
}
