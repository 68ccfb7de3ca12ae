package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const spawn3001 = "spawn_docker.sh webapp_3001 3001 webapp_3001_app"

// absent is what docker says of a container and an image that do not exist.
const absent = `"container inspect"*) echo; echo "Error: No such container: $5" >&2; exit 1 ;;
"image inspect"*) echo; echo "Error: No such image: $5" >&2; exit 1 ;;
`

func TestSpawnScript_ThatFailsRemovesOnlyWhatItMade(t *testing.T) {
	const taken = "run*) echo 'Conflict: the name is in use' >&2; exit 125 ;;\n"
	for _, test := range []struct {
		name, made string // what a container of this name with our labels is
		want       []string
	}{
		{"a stranger took the name", "", nil},
		{"its port is taken", "c0ffee", []string{"rm --force --volumes c0ffee"}},
	} {
		s := scriptsWith(t, absent+taken+"*name=^/webapp_3001_app*label=deux.fleet=deux*label=deux.port=3001*) echo "+test.made+" ;;")
		output, err := s.run(spawn3001)
		if got := s.calls("rm"); err == nil || !strings.Contains(output, "in use") || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v and %q, want it failed and %q\n%s", test.name, err, got, test.want, output)
		}
	}
}

func TestSpawnScript_TakesNoOtherErrorForAbsence(t *testing.T) {
	s := scriptsWith(t, `*inspect*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;`)
	output, err := s.run(spawn3001)
	if got := s.calls("build"); err == nil || !strings.Contains(output, "Cannot connect") || got != nil {
		t.Errorf("got %v and %q, want it to end before the build, and why\n%s", err, got, output)
	}
}

func TestSpawnScript_ReplacesWhatItMadeAndNothingElse(t *testing.T) {
	const warning = "echo 'WARNING: cannot read config.json' >&2; "
	for label, want := range map[string]string{"deux": "stop rm rmi build run", "blog": "", "": ""} {
		s := scriptsWith(t, "*inspect*) "+warning+"echo "+label+" ;;")
		output, err := s.run(spawn3001)
		var did []string
		for _, call := range s.calls("") {
			if verb, _, _ := strings.Cut(call, " "); verb != "container" && verb != "image" {
				did = append(did, verb)
			}
		}
		if got := strings.Join(did, " "); (err == nil) != (want != "") || got != want {
			t.Errorf("the label of another: %q: got %v and %q, want %q\n%s", label, err, got, want, output)
		}
	}
}

// Every server has another port than those before it.
func TestSpawnScript_LeavesFewLocks(t *testing.T) {
	s := scriptsWith(t, absent)
	for _, line := range []string{spawn3001, "spawn_docker.sh webapp_3101 3101 webapp_3101_app", "spawn_docker.sh webapp_13101 13101 webapp_13101_app"} {
		if output, err := s.run(line); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, output)
		}
	}
	if left, err := filepath.Glob(s.path("var/deux/*")); err != nil || len(left) != 1 {
		t.Errorf("got %q, %v, want one for all", left, err)
	}
}
