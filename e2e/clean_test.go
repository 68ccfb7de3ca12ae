package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkout is one in which things were built, of systems that Docker has the
// containers of.
func checkout(t *testing.T, systems string) (root string, clean func(settings ...string) string) {
	t.Helper()
	s := scriptsWith(t, "*working_dir=\"$root\"*) printf '"+systems+"' ;;")
	s.withoutCompose()
	for _, file := range []string{"bin/kept", "var/go/kept", "var/deux/infrastructure.log", "deploy/blue-www/kept", "deploy/green-www/kept"} {
		write(t, s.path(file), "")
	}
	return s.root, func(settings ...string) string {
		t.Helper()
		output, err := s.run("clean.sh", settings...)
		if err != nil {
			t.Fatalf("clean.sh: %v\n%s", err, output)
		}
		return output
	}
}

func exists(paths ...string) bool {
	_, err := os.Stat(filepath.Join(paths...))
	return err == nil
}

func TestClean_RemovesWhatWasBuiltUnlessAnotherSystemNeedsIt(t *testing.T) {
	for _, test := range []struct {
		name, systems, left string // which systems Docker has, and what another one left behind
		want                bool
	}{
		{"alone", "", "", false},
		{"itself", `deux\ndeux\n`, "", false},
		{"another runs", `deux\nblog\n`, "", true},
		{"another is down", "", "var/blog/log", true},
	} {
		root, clean := checkout(t, test.systems)
		if test.left != "" {
			write(t, filepath.Join(root, test.left), "")
		}
		output := clean()
		if exists(root, "bin") != test.want || exists(root, "var/go") != test.want || strings.Contains(output, "FLEET=blog") != test.want {
			t.Errorf("%s: want that bin/ and var/go are there: %v, and why\n%s", test.name, test.want, output)
		}
		if exists(root, "var/deux") || exists(root, "deploy/blue-www") || test.left != "" && !exists(root, test.left) {
			t.Errorf("%s: want its own files gone and the other's there\n%s", test.name, output)
		}
	}
}

func TestClean_LeavesTheRepositoriesOfAnotherSystem(t *testing.T) {
	root, clean := checkout(t, "")
	write(t, filepath.Join(root, "deploy/blue.git/deux/settings"), "FLEET=deux\nHOST_IP=127.0.0.1\n")
	if output := clean("FLEET=blog"); !exists(root, "deploy/blue-www") || !exists(root, "deploy/green-www") || !exists(root, "bin") || strings.Contains(output, "blue.git") {
		t.Errorf("want that nothing of it is removed, nor said to be removed\n%s", output)
	}
	if output := clean(); exists(root, "deploy/blue-www") || exists(root, "bin") || !strings.Contains(output, "What was pushed stays") {
		t.Errorf("want its own removed, and what is not said\n%s", output)
	}
}

// VAR is a name that anybody may have exported for something else.
func TestClean_RemovesFromVarOnlyWhatTheProgramsWrote(t *testing.T) {
	s := scriptsWith(t, "")
	s.withoutCompose()
	home := t.TempDir()
	for _, file := range []string{"infrastructure.log", "infrastructure.log.1", "supervisor.pid", "spawn_01.lock", "letter", "folder/picture"} {
		write(t, filepath.Join(home, file), "")
	}
	output, err := s.run("clean.sh", "VAR="+home)
	if err != nil || !exists(home, "letter") || !exists(home, "folder/picture") || !strings.Contains(output, home+" stays") {
		t.Errorf("got %v, want what is not ours still there, and why\n%s", err, output)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) != 2 {
		t.Errorf("got %v, %v, want ours gone", left, err)
	}
}
