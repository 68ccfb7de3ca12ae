// Package repotest gives a test a real git repository with real commits.
package repotest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Commit writes files into dir, which becomes a repository if it is not one,
// commits them to main and returns the revision. Its git directory is .git.
func Commit(t testing.TB, dir, message string, files map[string]string) (revision string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	Git(t, dir, "init", "--quiet", "--initial-branch=main")
	Git(t, dir, "add", "--all")
	Git(t, dir, "-c", "user.name=Ann", "-c", "user.email=ann@localhost", "commit", "--quiet", "--allow-empty", "--message", message)
	return Git(t, dir, "rev-parse", "HEAD")
}

// Git runs a git command in dir and returns its trimmed output.
func Git(t testing.TB, dir string, arguments ...string) string {
	t.Helper()
	output, err := exec.Command("git", append([]string{"-C", dir}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", arguments, err, output)
	}
	return strings.TrimSpace(string(output))
}
