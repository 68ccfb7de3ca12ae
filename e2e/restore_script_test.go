package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// archive is one as backup.sh writes it, of a system without volumes, with .env.
func archive(t *testing.T, fleet, env string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "kept", "about"), "FLEET="+fleet+"\nHOST_IP=127.0.0.1\nTIME=now\n")
	write(t, filepath.Join(folder, "kept", "env"), env)
	write(t, filepath.Join(folder, "deploy", "blue.git", "HEAD"), "main")
	for _, line := range []string{"tar -C deploy -cf kept/deploy.tar blue.git", "tar -C kept -czf kept.tar.gz ."} {
		command := exec.Command("sh", "-c", line)
		command.Dir = folder
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, output)
		}
	}
	return filepath.Join(folder, "kept.tar.gz")
}

func TestRestoreScript_ThatRefusesChangesNothing(t *testing.T) {
	const there = `ps*project=blog*) echo "container blog_redis_1" ;;`
	for _, test := range []struct{ name, docker, fleet, env, want string }{
		{"something is there", there, "blog", "FLEET=blog\n", "container blog_redis_1"},
		{"of another system", "", "blog", "", "set FLEET=blog"},
		{"a bad setting", "", "blog", "FLEET=blog\nnonsense\n", "'nonsense' is not NAME=value"},
		{"no Docker", `version*) exit 1 ;;`, "blog", "FLEET=blog\n", "Docker does not answer"},
	} {
		for _, earlier := range []string{"", test.env + "#\n"} {
			s := scriptsWith(t, test.docker)
			s.withoutCompose()
			if earlier != "" {
				write(t, s.path(".env"), earlier)
			}
			output, err := s.run("restore.sh " + archive(t, test.fleet, test.env))
			if err == nil || !strings.Contains(output, test.want) {
				t.Errorf("%s: got %v, want it refused and %q\n%s", test.name, err, test.want, output)
			}
			now, _ := os.ReadFile(s.path(".env"))
			if string(now) != earlier || exists(s.path(".env.kept")) || exists(s.path("deploy")) {
				t.Errorf("%s: got .env %q, want %q and nothing else written\n%s", test.name, now, earlier, output)
			}
		}
	}
}

func TestRestoreScript_PutsBackTheSettingsBySettingsOfTheArchive(t *testing.T) {
	const env = "FLEET=blog\nDEPLOY_DIR=elsewhere\n"
	for _, test := range []struct{ name, earlier, kept string }{
		{"a fresh checkout", "", ""}, {"the same .env", env, ""}, {"another .env", env + "MAX_SERVERS=3\n", env},
	} {
		s := scriptsWith(t, "")
		s.withoutCompose()
		if test.earlier != "" {
			write(t, s.path(".env"), test.earlier)
		}
		output, err := s.run("restore.sh " + archive(t, "blog", env))
		if err != nil || !exists(s.path("elsewhere/blue.git/HEAD")) {
			t.Errorf("%s: got %v, want the repositories where the settings say\n%s", test.name, err, output)
		}
		now, _ := os.ReadFile(s.path(".env"))
		kept, _ := os.ReadFile(s.path(".env.kept"))
		if want := test.earlier; want == "" && string(now) != env || want != "" && string(now) != want || string(kept) != test.kept {
			t.Errorf("%s: got .env %q and .env.kept %q\n%s", test.name, now, kept, output)
		}
	}
}
