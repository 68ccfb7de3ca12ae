package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstall_WritesAUnitThatSystemdReads installs a checkout in a folder of an
// awkward name, as nobody but a test would, beside the host's own units.
func TestInstall_WritesAUnitThatSystemdReads(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil && os.Getenv("REQUIRE_TOOLS") == "" {
		t.Skip("systemd-analyze is missing: install the package systemd")
	}
	checkout := filepath.Join(t.TempDir(), "100% my & own")
	for _, folder := range []string{"scripts", "deploy"} {
		if err := os.CopyFS(filepath.Join(checkout, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	units := t.TempDir()
	run := func(name string, arguments ...string) string {
		t.Helper()
		command := exec.Command(name, arguments...)
		command.Env = append(os.Environ(), "UNIT_DIR="+units, "FLEET=blog")
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, arguments, err, output)
		}
		return string(output)
	}
	run(filepath.Join(checkout, "scripts", "install.sh"))
	unit := filepath.Join(units, "deux-blog.service")
	if output := run("systemd-analyze", "verify", unit); strings.Contains(output, "deux-blog") {
		t.Errorf("systemd-analyze verify: %s", output)
	}
	content, err := os.ReadFile(unit)
	if err != nil || strings.Contains(string(content), "@") || !strings.Contains(string(content), "FLEET=blog\n") {
		t.Errorf("got %v and\n%s\nwant everything filled in", err, content)
	}
	run(filepath.Join(checkout, "scripts", "install.sh"), "--remove")
	if left, _ := os.ReadDir(units); len(left) > 0 {
		t.Errorf("after --remove: %q is left", left)
	}
}

func TestInstall_ThatMayNotWriteSaysWhichCommandMay(t *testing.T) {
	s := scriptsWith(t, "")
	for line, want := range map[string]string{"install.sh": ": sudo make install\n", "install.sh --remove": ": sudo make uninstall\n"} {
		if output, err := s.run(line, "UNIT_DIR="+s.path("none")); err == nil || !strings.HasSuffix(output, want) {
			t.Errorf("%s: got %v and %q, want %q", line, err, output, want)
		}
	}
}
