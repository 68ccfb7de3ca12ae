package main

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// computed are settings whose default docs/settings.md describes, because it
// depends on the machine, the checkout or another setting, as scripts/settings.sh
// has it.
var computed = map[string]string{
	"HOST_IP":              "address of Docker's bridge",
	"DEPLOY_DIR":           "deploy/",
	"ALLOWED_HOSTS":        "the machine's names",
	"HOST_NAME":            "the machine's names",
	"REDIS_ADDR":           "127.0.0.1:`REDIS_PORT`",
	"BLUE_HEALTH_TIMEOUT":  "`HEALTH_TIMEOUT`",
	"GREEN_HEALTH_TIMEOUT": "`HEALTH_TIMEOUT`",
	"ROOT_DIR":             "the checkout",
	"LOCK_FILE":            "/tmp/deux-`FLEET`.lock",
	"VAR":                  "var/`FLEET`",
}

// fromScripts are what the scripts make for what they call, and no settings.
var fromScripts = []string{"BUILDX_NO_DEFAULT_ATTESTATIONS", "COMPOSE_PROJECT_NAME", "REDISCLI_AUTH"}

// TestSettings_AreTheSameWhereverTheyStand holds every name and default in
// docker-compose.yml, scripts/settings.sh and docs/settings.md against what the
// programs read. Each place is named that has another default, or a name that
// the others do not have.
func TestSettings_AreTheSameWhereverTheyStand(t *testing.T) {
	env, _ := check(func(string) string { return "" })
	code := env.Defaults()
	documented := inDocs(t)
	for name, value := range code {
		_, isDocumented := documented[colourless(name)]
		if slices.Contains(inside, name) == isDocumented {
			t.Errorf("%s is read by a program: want it in docs/settings.md, or in the list of those inside containers, not in both", name)
		}
		if strings.Contains(value, " or ") {
			t.Errorf("%s: programs read it with the defaults %s, want one", name, value)
		}
	}
	for name, value := range documented {
		inCode, isRead := code[name]
		switch {
		case !isRead && !slices.Contains(scripts, name) && !isOther(name):
			t.Errorf("docs/settings.md has %s, which nothing reads", name)
		case computed[name] != "":
			if value != computed[name] {
				t.Errorf("docs/settings.md: %s: got the default %q, want %q", name, value, computed[name])
			}
		case isRead && !same(value, inCode):
			t.Errorf("docs/settings.md: %s: got the default %q, want %q as in the code", name, value, inCode)
		}
	}
	code["DEPLOY_DIR"], code["VAR"] = "ROOT/deploy", "ROOT/var/deux"
	wantAsInCode(t, "docker-compose.yml", inCompose(t), code)
	wantAsInCode(t, "scripts/settings.sh", inShell(t), code)
}

func wantAsInCode(t *testing.T, where string, all, code map[string]string) {
	t.Helper()
	for name, value := range all {
		inCode, isRead := code[name]
		if !isRead && !slices.Contains(scripts, name) {
			t.Errorf("%s has %s, which nothing reads", where, name)
		} else if isRead && !same(value, inCode) {
			t.Errorf("%s: %s: got the default %q, want %q as in the code", where, name, value, inCode)
		}
	}
}

// TestSettings_OfContainersAreHandedOn looks for settings that a program in a
// container reads and nobody can reach.
func TestSettings_OfContainersAreHandedOn(t *testing.T) {
	env, _ := check(func(string) string { return "" })
	var handed strings.Builder
	for _, file := range []string{"docker-compose.yml", "scripts/settings.sh", "scripts/spawn_docker.sh", "scripts/infrastructure.sh",
		"Dockerfile.webapp", "internal/infrastructure/config.go", "internal/deploy/config.go", "internal/deploy/limits.go"} {
		handed.WriteString(read(t, file))
	}
	onHost := []string{"LEVEL_INTERVAL", "PARALLEL", "SPAWN_ATTEMPTS", "SPAWN_TIMEOUT", "START_TIMEOUT"} // of infrastructure, which has the environment
	for name := range env.Defaults() {
		if slices.Contains(onHost, name) || name == "DATA_DIR" || strings.Contains(colourless(name), "APP_") {
			continue
		}
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(handed.String()) {
			t.Errorf("%s is read by a program, and nothing hands it on", name)
		}
	}
}

// colourless returns the name that docs/settings.md has for both colours.
func colourless(name string) string {
	for _, colour := range []string{"BLUE_APP_", "GREEN_APP_"} {
		if rest, is := strings.CutPrefix(name, colour); is {
			return "APP_" + rest
		}
	}
	return name
}

// same reports whether two texts are the same default.
func same(a, b string) bool {
	one, bad := time.ParseDuration(a)
	two, worse := time.ParseDuration(b)
	return a == b || bad == nil && worse == nil && one == two
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// inDocs returns the defaults in the tables: a row has one for each of its
// names, or one for all.
func inDocs(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\| ?([^|]*?) ?\\|").FindAllStringSubmatch(read(t, "docs/settings.md"), -1) {
		names, values := strings.Split(row[1], ", "), strings.Split(row[2], ", ")
		for i, name := range names {
			value := values[0]
			if len(values) == len(names) {
				value = values[i]
			}
			all[strings.Trim(name, "`")] = value
		}
	}
	return all
}

// inCompose returns the defaults of what docker-compose.yml takes from the
// environment.
func inCompose(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, found := range regexp.MustCompile(`\$\{([A-Z_]+)(?::-([^}]*))?\}`).FindAllStringSubmatch(read(t, "docker-compose.yml"), -1) {
		if earlier, is := all[found[1]]; is && earlier != found[2] {
			t.Errorf("docker-compose.yml: %s has the defaults %q and %q", found[1], earlier, found[2])
		}
		all[found[1]] = found[2]
	}
	return all
}

// inShell returns what scripts/settings.sh exports for a checkout without .env.
func inShell(t *testing.T) map[string]string {
	t.Helper()
	shell := exec.Command("sh", "-euc", `root=ROOT; . "$1"; env -0`, "sh", "../../scripts/settings.sh")
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOST_IP=172.17.0.1"}
	output, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for variable := range strings.SplitSeq(string(output), "\x00") {
		if name, value, is := strings.Cut(variable, "="); is {
			all[name] = value
		}
	}
	maps.DeleteFunc(all, func(name, _ string) bool {
		return name == "PATH" || name == "PWD" || slices.Contains(fromScripts, name)
	})
	return all
}
