package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/repotest"
)

// commit makes a repository of one revision with these files.
func commit(t *testing.T, files map[string]string) (Repository, string) {
	t.Helper()
	dir := t.TempDir()
	revision := repotest.Commit(t, dir, "one", files)
	return Repository{filepath.Join(dir, ".git")}, revision
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
	if err := r.CheckOut(t.Context(), revision, dir); err != nil {
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
	if got, err := r.Resolve(t.Context(), "refs/heads/none"); got != NoRevision || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, NoRevision)
	}
	if got, err := (Repository{"/nonexistent"}).Resolve(t.Context(), "refs/heads/main"); err == nil {
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
	if got, err := LFSPointer(dir); got != "" || err != nil {
		t.Errorf("without a pointer: got %q, %v", got, err)
	}
	write("film", pointerStart+"oid sha256:4d7a\nsize 12345\n")
	if got, err := LFSPointer(dir); got != "film" || err != nil {
		t.Errorf("got %q, %v, want film", got, err)
	}
}

func TestSubject_IsTheFirstLineOfACommitsMessage(t *testing.T) {
	dir := t.TempDir()
	revision := repotest.Commit(t, dir, "One line\n\nand more", nil)
	r := Repository{filepath.Join(dir, ".git")}
	coloured := repotest.Commit(t, dir, "A\x1b[31mred\tline", nil)
	for asked, want := range map[string]string{revision: "One line", coloured: "A [31mred line", strings.Repeat("a", 40): "", "-": ""} {
		if got := r.Subject(t.Context(), asked); got != want {
			t.Errorf("%s: got %q, want %q", asked, got, want)
		}
	}
}

func TestSubmodules_AreTheOtherRepositoriesOfARevision(t *testing.T) {
	dir := t.TempDir()
	without := repotest.Commit(t, dir, "one", map[string]string{"a": "b"})
	repotest.Git(t, dir, "update-index", "--add", "--cacheinfo", "160000,"+without+",lib/ö")
	repotest.Git(t, dir, "-c", "user.name=Ann", "-c", "user.email=ann@localhost", "commit", "--quiet", "--message", "two")
	r := Repository{filepath.Join(dir, ".git")}
	for revision, want := range map[string]string{without: "[]", repotest.Git(t, dir, "rev-parse", "HEAD"): "[lib/ö]"} {
		if got, err := r.Submodules(t.Context(), revision); fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: got %q, %v, want %s", revision, got, err, want)
		}
	}
	if got, err := r.Submodules(t.Context(), strings.Repeat("a", 40)); err == nil || !strings.HasPrefix(err.Error(), "git ls-tree: ") {
		t.Errorf("of a revision that is not there: got %q, %v, want git's error", got, err)
	}
}

func TestCheckOut_ThatFailsSaysWhyAndLeavesNoIndex(t *testing.T) {
	r, revision := commit(t, map[string]string{"a": "b"})
	dir := filepath.Join(t.TempDir(), "www")
	err := r.CheckOut(t.Context(), strings.Repeat("a", 40), dir)
	if err == nil || !strings.HasPrefix(err.Error(), "git read-tree: exit status 128: fatal: ") {
		t.Errorf("a revision that is not there: got %v, want git's error", err)
	}
	if err := r.CheckOut(t.Context(), revision, dir); err == nil || !strings.HasPrefix(err.Error(), "git checkout-index: ") {
		t.Errorf("a folder that is not there: got %v, want git's error", err)
	}
	if left, _ := filepath.Glob(dir + "*"); len(left) != 0 {
		t.Errorf("left %q, want nothing", left)
	}
}
