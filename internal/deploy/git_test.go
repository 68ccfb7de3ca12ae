package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commit makes a bare repository of one revision with these files.
func commit(t *testing.T, files map[string]string) (repository, string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, arguments := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"add", "--all"},
		{"-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", "one"},
	} {
		if output, err := exec.Command("git", append([]string{"-C", dir}, arguments...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", arguments, err, output)
		}
	}
	r := repository{filepath.Join(dir, ".git")}
	revision, err := r.resolve(t.Context(), "refs/heads/main")
	if err != nil {
		t.Fatal(err)
	}
	return r, revision
}

func TestCheckOut_IsExactlyTheRevision(t *testing.T) {
	files := map[string]string{
		"plain": "content", "-dash": "content", "dir/ä ☃": "content",
		".gitattributes": "secret export-ignore\nstamp export-subst\n", "secret": "kept", "stamp": "$Format:%H$",
	}
	r, revision := commit(t, files)
	t.Setenv("GIT_DIR", "/nonexistent") // as a hook has it
	t.Setenv("GIT_INDEX_FILE", "/nonexistent")
	dir := t.TempDir()
	if err := r.checkOut(t.Context(), revision, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 6 {
		t.Errorf("got %d entries, want the 6 that were committed", len(entries))
	}
}

func TestResolve_GivesZeroesForARefThatIsNotThere(t *testing.T) {
	r, _ := commit(t, map[string]string{"a": "b"})
	if got, err := r.resolve(t.Context(), "refs/heads/none"); got != noRevision || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, noRevision)
	}
	if got, err := (repository{"/nonexistent"}).resolve(t.Context(), "refs/heads/main"); err == nil {
		t.Errorf("without a repository: got %q, want an error", got)
	}
}

func TestLFSPointer_IsFoundByItsContent(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("README", "LFS files begin with "+pointerStart)
	write("long", pointerStart+strings.Repeat("x", 2000))
	if got, err := lfsPointer(dir); got != "" || err != nil {
		t.Errorf("without a pointer: got %q, %v", got, err)
	}
	write("film", pointerStart+"oid sha256:4d7a\nsize 12345\n")
	if got, err := lfsPointer(dir); got != "film" || err != nil {
		t.Errorf("got %q, %v, want film", got, err)
	}
}

func TestLock_WaitsForAPushThatIsBetweenItsHooks(t *testing.T) {
	dir := t.TempDir()
	d := &Deployer{colour: colour{name: "blue", git: dir}, out: &output{to: new(strings.Builder), gone: func() {}}, git: process{1, "1"}}
	if err := os.Mkdir(d.colour.state(""), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		other   push
		between bool
	}{
		{"at work", push{Git: processOf(os.Getpid())}, false}, // it would hold the lock itself
		{"accepted", push{Ready: true, Git: processOf(os.Getpid())}, true},
		{"accepted, and git has died", push{Ready: true, Git: process{os.Getpid(), "1"}}, false},
		{"this very push", push{Ready: true, Git: d.git}, false},
	} {
		if err := d.save(&test.other); err != nil {
			t.Fatal(err)
		}
		if got := d.betweenHooks(); got != test.between {
			t.Errorf("%s: got %v, want %v", test.name, got, test.between)
		}
	}
}
