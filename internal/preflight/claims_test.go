package preflight

import (
	"os"
	"strings"
	"testing"

	"deux/internal/settings"
)

func claimsOf(t *testing.T, environment map[string]string) []Claim {
	t.Helper()
	env := settings.From(func(name string) string { return environment[name] })
	claims := Claims(env)
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestCheckClaims_NamesEachPortThatTwoWant(t *testing.T) {
	const servers = "3000 to 3019, which are those of FIRST_PORT (MAX_SERVERS=20)"
	for _, test := range []struct{ environment, want string }{
		{"", ""},
		{"COMPOSE_PROFILES=metrics", ""},
		{"PROXY_PORT=3000", "setting PROXY_PORT=3000: expected a port outside of " + servers},
		{"READER_PORT=3019", "setting READER_PORT=3019: expected a port outside of " + servers},
		{"READER_PORT=3020", ""},
		{"GREEN_PORT=50101", "setting GREEN_PORT=50101: expected another port than that of BLUE_PORT"},
		{"BLUE_ADMIN_PORT=3457", "setting BLUE_ADMIN_PORT=3457: expected another port than that of PROXY_ADMIN_PORT"},
		{"GREEN_ADMIN_PORT=50101", "setting GREEN_ADMIN_PORT=50101: expected another port than that of BLUE_PORT"},
		{"REDIS_PORT=5000", "setting REGISTRY_PORT=5000: expected another port than that of REDIS_PORT"},
		{"REGISTRY_PORT=8000", "setting REGISTRY_PORT=8000: expected another port than that of READER_PORT"},
		{"WRITER_PORT=3456", "setting WRITER_PORT=3456: expected another port than that of PROXY_PORT"},
		{"READER_PORT=50249", "setting READER_PORT=50249: expected a port outside of 50200 to 50249, which are those of BLUE_FIRST_PORT (RELEASE_PORTS=50)"},
		{"MAX_SERVERS=457", "setting PROXY_PORT=3456: expected a port outside of 3000 to 3456, which are those of FIRST_PORT (MAX_SERVERS=457)"},
		{"RELEASE_PORTS=51", "setting GREEN_FIRST_PORT=50250: its ports up to 50300 (RELEASE_PORTS=51) are also those of BLUE_FIRST_PORT, 50200 to 50250 (RELEASE_PORTS=51)"},
		{"GREEN_FIRST_PORT=50151 BLUE_FIRST_PORT=2990", "setting BLUE_FIRST_PORT=2990: its ports up to 3039 (RELEASE_PORTS=50) are also those of FIRST_PORT, 3000 to 3019 (MAX_SERVERS=20)"},
		{"FIRST_PORT=65517", "setting FIRST_PORT=65517: expected 65516 or lower, so that there are ports for MAX_SERVERS=20"},
		{"FIRST_PORT=65516", ""},
		{"COMPOSE_PROFILES=metrics READER_PORT=3458", "setting READER_PORT=3458: expected another port than that of Grafana"},
		{"COMPOSE_PROFILES=x,metrics FIRST_PORT=9080", "setting FIRST_PORT=9080: expected ports without 9090, that of Prometheus, but with MAX_SERVERS=20 they go up to 9099"},
		{"READER_PORT=3458", ""},
	} {
		environment := make(map[string]string)
		for word := range strings.FieldsSeq(test.environment) {
			name, value, _ := strings.Cut(word, "=")
			environment[name] = value
		}
		got := strings.Join(CheckClaims(claimsOf(t, environment), 1024), "\n")
		if got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.environment, got, test.want)
		}
	}
}

func TestCheckClaims_RefusesAPortOfAProxyThatNeedsRoot(t *testing.T) {
	claims := claimsOf(t, map[string]string{"PROXY_PORT": "80", "READER_PORT": "81"})
	lines := CheckClaims(claims, 1024)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "setting PROXY_PORT=80: expected 1024 or higher") {
		t.Errorf("got %q, want a line about PROXY_PORT alone", lines)
	}
	if lines := CheckClaims(claims, 80); len(lines) != 0 {
		t.Errorf("where ports from 80 are free to all: got %q, want nothing", lines)
	}
}

func TestClaims_AreOfServicesThatComposeHas(t *testing.T) {
	compose, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, claim := range claimsOf(t, map[string]string{"COMPOSE_PROFILES": "metrics"}) {
		if claim.Service != "" && !strings.Contains(string(compose), "\n  "+claim.Service+":\n") {
			t.Errorf("%s is of %q, want a service of docker-compose.yml", claim.Setting, claim.Service)
		}
	}
}
