package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inRedis runs what docker-compose.yml has the container of Redis run, in a
// shell whose redis-server and redis-cli say what they were given.
func inRedis(t *testing.T, pattern string, environment ...string) (output string, err error) {
	t.Helper()
	content, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?s)\n  redis:\n.*?` + pattern).FindStringSubmatch(string(content))
	if found == nil {
		t.Fatalf("docker-compose.yml: nothing of redis matches %s", pattern)
	}
	script := strings.NewReplacer("$$", "$", "\n        ", "\n").Replace(found[1])
	folder := t.TempDir()
	program(t, filepath.Join(folder, "docker-entrypoint.sh"), "#!/bin/sh\necho \"started: $*\"; cat\n")
	program(t, filepath.Join(folder, "redis-cli"), "#!/bin/sh\necho \"asked: $* with ${REDISCLI_AUTH-none}\"\n")
	command := exec.Command("sh", "-c", script)
	command.Env = append([]string{"PATH=" + folder + ":" + os.Getenv("PATH"), "REDIS_MEMORY=256m"}, environment...)
	text, err := command.CombinedOutput()
	return string(text), err
}

func TestCompose_StartsRedisOnlyWithThePasswordThatItIsToHave(t *testing.T) {
	const command = `      - \|\n(.*?)    environment:`
	for _, test := range []struct {
		environment string
		ok          bool
		want        string
	}{
		{"REDIS_PASSWORD=", true, "started: redis-server -"},
		{`REDIS_PASSWORD=a"b\c d`, true, `requirepass "a\"b\\c d"`},
		{"REDIS_PASSWORD_FILE=secret", false, "Compose alone does not read REDIS_PASSWORD_FILE: start with make up"},
	} {
		output, err := inRedis(t, command, test.environment)
		if (err == nil) != test.ok || !strings.Contains(output, test.want) || strings.Contains(output, "started") != test.ok {
			t.Errorf("%s: got %v and\n%s\nwant it started: %v, and %q", test.environment, err, output, test.ok, test.want)
		}
	}
}

// Compose alone hands on no REDISCLI_AUTH, which settings.sh makes.
func TestCompose_HasTheCheckOfRedisKnowItsPassword(t *testing.T) {
	const check = `healthcheck: \{test: \["CMD", "sh", "-c", '(.*?)'\]`
	for environment, want := range map[string]string{
		"REDIS_PASSWORD=":       "asked: -e ping with none\n",
		`REDIS_PASSWORD=a"b'$c`: "asked: -e ping with a\"b'$c\n",
	} {
		if output, err := inRedis(t, check, environment); err != nil || output != want {
			t.Errorf("%s: got %q, %v, want %q", environment, output, err, want)
		}
	}
}
