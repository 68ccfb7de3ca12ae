package settings_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sourced has a shell read scripts/settings.sh for a checkout with these files,
// run a command, and returns what was said. The checkout is also the person's
// home, and the first place where commands are looked for.
func sourced(t *testing.T, files map[string]string, command string) (output string, err error) {
	t.Helper()
	script, err := filepath.Abs("../../scripts/settings.sh")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	shell := exec.Command("sh", "-euc", `root=$1; . "$2"; eval "$3"`, "sh", root, script, command)
	shell.Env = []string{"PATH=" + root + ":" + os.Getenv("PATH"), "HOME=" + root, "HOST_IP=127.0.0.1"}
	text, err := shell.CombinedOutput()
	return strings.ReplaceAll(string(text), root, "ROOT"), err
}

// Both passwords may be anything, and a child must not read the file again.
func TestSettingsScript_ReadsAPasswordFromItsFile(t *testing.T) {
	const odd = `a"b'c $(id) \\ {}`
	for _, name := range []string{"REDIS_PASSWORD", "ADMIN_PASSWORD"} {
		command := `env | grep "^` + name + `"`
		for _, test := range []struct{ name, env, want string }{
			{"none", "", name + "=\n" + name + "_FILE=\n"},
			{"in .env", name + "='good'\n", name + "=good\n" + name + "_FILE=\n"},
			{"in a file", name + "_FILE=file\n", name + "=" + odd + "\n" + name + "_FILE=\n"},
			{"in both", name + "=other\n" + name + "_FILE=file\n", name + "=" + odd + "\n" + name + "_FILE=\n"},
		} {
			got, err := sourced(t, map[string]string{".env": test.env, "file": odd + "\n"}, command+" | sort")
			if err != nil || got != test.want {
				t.Errorf("%s %s: got %q, %v, want %q", name, test.name, got, err, test.want)
			}
		}
	}
}

func TestSettingsScript_RefusesAPasswordFileOfNoUse(t *testing.T) {
	for _, name := range []string{"REDIS_PASSWORD", "ADMIN_PASSWORD"} {
		for file, want := range map[string]string{
			"none":  "setting " + name + "_FILE=ROOT/none: expected a file that ",
			"empty": "setting " + name + "_FILE=ROOT/empty: expected a password in it, but it is empty\n",
		} {
			got, err := sourced(t, map[string]string{".env": name + "_FILE=" + file + "\n", "empty": ""}, "echo went on")
			if err == nil || !strings.Contains(got, want) || strings.Contains(got, "went on") {
				t.Errorf("%s_FILE=%s: got %q, %v, want exit 1 and %q", name, file, got, err, want)
			}
		}
	}
}

func TestSettingsScript_TakesTheFirstAddressOfTheBridge(t *testing.T) {
	const ip = `#!/bin/sh
echo '5: docker0    inet 172.18.0.1/16 brd 172.18.255.255 scope global docker0'
echo '5: docker0    inet 10.0.0.5/24 scope global docker0'
`
	got, err := sourced(t, map[string]string{"ip": ip}, "bridge_address")
	if want := "172.18.0.1\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// fakeDocker has one context, other, which is that of .docker/config.json.
const fakeDocker = `#!/bin/sh
case "${DOCKER_CONTEXT:-other} $*" in
"other context inspect --format {{.Endpoints.docker.Host}}") echo unix:///other.sock ;;
*) echo "no such context" >&2; exit 1 ;;
esac
`

// Docker's API does not know contexts.
func TestSettingsScript_NamesTheEngineThatDockersCommandTalksTo(t *testing.T) {
	const chosen = `{"currentContext": "other"}`
	for _, test := range []struct{ name, env, config, want string }{
		{"the default one", "", `{"auths": {}}`, "unset"},
		{"that of a context", "", chosen, "unix:///other.sock"},
		{"that of the environment's context", "DOCKER_CONTEXT=other", "{}", "unix:///other.sock"},
		{"that of no context", "DOCKER_CONTEXT=none", chosen, "unset"}, // the command says so
		{"one that is named", "DOCKER_HOST=tcp://there:2375", chosen, "tcp://there:2375"},
	} {
		files := map[string]string{"docker": fakeDocker, ".docker/config.json": test.config, ".env": test.env + "\n"}
		got, err := sourced(t, files, `sh -c 'echo "${DOCKER_HOST-unset}"'`)
		if err != nil || got != test.want+"\n" {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

// Hooks and programs use these paths in other folders than where make ran.
func TestSettingsScript_TakesARelativePathAsOneInTheCheckout(t *testing.T) {
	for _, name := range []string{"DEPLOY_DIR", "VAR", "LOCK_FILE"} {
		for value, want := range map[string]string{"sub/it": "ROOT/sub/it", "/sub/it": "/sub/it", "with space": "ROOT/with space"} {
			got, err := sourced(t, map[string]string{".env": name + "='" + value + "'\n"}, "echo $"+name)
			if err != nil || got != want+"\n" {
				t.Errorf("%s=%s: got %q, %v, want %s", name, value, got, err, want)
			}
		}
	}
}
