package fleet_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"deux/internal/fleet"
)

func TestShorten_KeepsWhatFailedAndTheLastCauses(t *testing.T) {
	const chain = "scripts/spawn_docker.sh: exit status 125: docker: Error response from daemon: driver failed programming external " +
		"connectivity on endpoint webapp_3003_app: Error starting userland proxy: listen tcp4 172.17.0.1:3003: bind: address already in use"
	for _, test := range []struct{ why, want string }{
		{chain, "scripts/spawn_docker.sh: exit status … Error starting userland proxy: listen tcp4 172.17.0.1:3003: bind: address already in use"},
		{chain[:160], chain[:160]},
		{"its HEALTHCHECK fails: " + strings.Repeat("no ", 60) + "way: database", "its HEALTHCHECK fails: no no no no no … " + strings.Repeat("no ", 33) + "way: database"},
		{strings.Repeat("x", 161), strings.Repeat("x", 40) + " … " + strings.Repeat("x", 115)},
	} {
		if got := fleet.Shorten(test.why, 160); got != test.want {
			t.Errorf("%q: got\n%q, want\n%q", test.why, got, test.want)
		}
	}
}

func TestShorten_CutsNoCharacterAndIsNeverLongerThanAsked(t *testing.T) {
	for n := range 200 {
		why := strings.Repeat("ü", n)[n%2:]
		if got := fleet.Shorten(why, 160); len(got) > 160 || n%2 == 0 && !utf8.ValidString(got) {
			t.Errorf("%d characters: got %d bytes, %q", n, len(got), got)
		}
	}
}
