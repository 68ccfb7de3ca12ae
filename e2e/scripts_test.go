package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scripts is a checkout of only the scripts, in which they are run with a docker
// that is none.
type scripts struct {
	t    *testing.T
	root string
}

// scriptsWith returns the checkout whose docker does what the first of a shell's
// branches (case) says that its arguments match, and else nothing. $root is the
// checkout.
func scriptsWith(t *testing.T, branches string) *scripts {
	t.Helper()
	s := &scripts{t, t.TempDir()}
	if err := os.CopyFS(s.path("scripts"), os.DirFS("../scripts")); err != nil { // with their modes
		t.Fatal(err)
	}
	program(t, s.path("path/docker"), "#!/bin/sh\nroot="+s.root+"\necho \"$*\" >>\"$root/calls\"\ncase $* in\n"+branches+"\nversion*) echo 28 ;;\nesac\n")
	return s
}

// withoutCompose has Compose and infrastructure do nothing, and the latter not run.
func (s *scripts) withoutCompose() {
	s.t.Helper()
	program(s.t, s.path("scripts/compose.sh"), "#!/bin/sh\necho \"compose $*\" >>'"+s.path("calls")+"'\n")
	program(s.t, s.path("scripts/infrastructure.sh"), "#!/bin/sh\n[ $1 = stop ]\n")
}

func (s *scripts) path(name string) string { return filepath.Join(s.root, name) }

// run runs a script, such as "down.sh --clean", with these settings.
func (s *scripts) run(line string, settings ...string) (output string, err error) {
	words := strings.Fields(line)
	command := exec.Command(s.path("scripts/"+words[0]), words[1:]...)
	command.Env = append([]string{"PATH=" + s.path("path") + ":" + os.Getenv("PATH"), "HOST_IP=127.0.0.1"}, settings...)
	text, err := command.CombinedOutput()
	return string(text), err
}

// calls returns those of docker whose arguments start with the text.
func (s *scripts) calls(start string) (found []string) {
	content, _ := os.ReadFile(s.path("calls"))
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, start) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func TestFuzzScript_OfNoTargetSaysHowToNameOne(t *testing.T) {
	s := scriptsWith(t, "")
	write(t, s.path("internal/engine/fuzz_test.go"), "func FuzzReference(f *testing.F) {\n")
	if output, err := s.run("fuzz.sh 1x Nobody"); err == nil || !strings.HasPrefix(output, "usage: scripts/fuzz.sh") {
		t.Errorf("got %v and %q, want the usage", err, output)
	}
}
