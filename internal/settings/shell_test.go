package settings_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sourced has a shell read scripts/settings.sh for a checkout with these files,
// run a command, and returns what was said.
func sourced(t *testing.T, files map[string]string, command string) (output string, err error) {
	t.Helper()
	script, err := filepath.Abs("../../scripts/settings.sh")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell := exec.Command("sh", "-euc", `root=$1; . "$2"; eval "$3"`, "sh", root, script, command)
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOST_IP=127.0.0.1"}
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
