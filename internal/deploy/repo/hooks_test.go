package repo

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/repotest"
)

// bare returns a repository of ours.
func bare(t *testing.T) Repository {
	t.Helper()
	r := Repository{filepath.Join(t.TempDir(), "blue.git")}
	if err := r.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// hookless returns the folder of a repository, and what a hook of it is to run.
func hookless(t *testing.T) (r Repository, source string) {
	t.Helper()
	dir := t.TempDir()
	r, source = Repository{filepath.Join(dir, "blue.git")}, filepath.Join(dir, "update_blue")
	err := os.MkdirAll(filepath.Join(r.Dir, "hooks"), 0o755)
	if err := errors.Join(err, os.WriteFile(source, []byte("#!/bin/sh\nexec bin/deploy update blue\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	return r, source
}

func TestRepository_TakesADeletionAndLogsWhatAForcedPushThrewAway(t *testing.T) {
	r := bare(t)
	work := t.TempDir()
	lost := repotest.Commit(t, work, "lost", nil)
	repotest.Git(t, work, "push", "--quiet", r.Dir, "main")
	repotest.Git(t, work, "-c", "user.name=Ann", "-c", "user.email=ann@localhost", "commit", "--quiet", "--amend", "--allow-empty", "--message", "other")
	repotest.Git(t, work, "push", "--quiet", "--force", r.Dir, "main")
	if log := repotest.Git(t, r.Dir, "reflog", "--format=%H", "main"); !strings.Contains(log, lost) {
		t.Errorf("after a forced push: got the log %q, want %s in it", log, lost)
	}
	repotest.Git(t, work, "push", "--quiet", r.Dir, ":main") // of the branch that HEAD names
	if got, err := r.Resolve(t.Context(), "refs/heads/main"); got != NoRevision || err != nil {
		t.Errorf("after its deletion: got %q, %v, want no main", got, err)
	}
}

func TestRepository_MadeAgainIsAsItWas(t *testing.T) {
	r := bare(t)
	revision := repotest.Commit(t, t.TempDir(), "one", nil)
	repotest.Git(t, r.Dir, "config", "core.logAllRefUpdates", "false") // by a person
	before, err := os.ReadFile(filepath.Join(r.Dir, "config"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, "refs", "heads", "main"), []byte(revision+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(r.Dir, "config"))
	head, _ := os.ReadFile(filepath.Join(r.Dir, "refs", "heads", "main"))
	if err != nil || string(after) != string(before) || string(head) != revision+"\n" {
		t.Errorf("got main %s and the config\n%s, %v, want both as they were:\n%s", head, after, err, before)
	}
}

// A user's own core.hooksPath would have git take a push and run no hook of ours:
// nothing would be deployed, and nobody told.
func TestRepository_RunsItsHooksWhateverTheUsersConfigurationSays(t *testing.T) {
	config := filepath.Join(t.TempDir(), "gitconfig")
	if err := os.WriteFile(config, []byte("[core]\n\thooksPath = "+t.TempDir()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	for name, before := range map[string]func(Repository){
		"made now":             func(Repository) {},
		"made by an older one": func(r Repository) { repotest.Git(t, r.Dir, "config", "--unset", "core.hooksPath") },
		"given other ones": func(r Repository) {
			repotest.Git(t, r.Dir, "config", "core.hooksPath", "/nowhere")
			repotest.Git(t, r.Dir, "config", "--add", "core.hooksPath", "/elsewhere")
		},
	} {
		r, work := bare(t), t.TempDir()
		source := filepath.Join(filepath.Dir(r.Dir), "update_blue")
		err := os.WriteFile(source, []byte("#!/bin/sh\necho bin/deploy was here\nexit 1\n"), 0o644)
		before(r)
		if err := errors.Join(err, r.Make(t.Context()), r.Link("update", source)); err != nil {
			t.Fatal(err)
		}
		repotest.Commit(t, work, "one", nil)
		output, err := exec.Command("git", "-C", work, "push", r.Dir, "main").CombinedOutput()
		if err == nil || !strings.Contains(string(output), "remote: bin/deploy was here") {
			t.Errorf("%s: got %v\n%s, want the hook to refuse the push", name, err, output)
		}
	}
}

// gitUntil puts a git into PATH that fails from its call with that number on.
func gitUntil(t *testing.T, call int) {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho >>%[1]s/calls\n[ $(wc -l <%[1]s/calls) -lt %d ] && exec %s \"$@\"\n", bin, call, git)
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func TestRepository_WhoseMakingWasInterruptedIsMadeWholeByTheNext(t *testing.T) {
	path := os.Getenv("PATH")
	for call := 1; ; call++ {
		r := Repository{filepath.Join(t.TempDir(), "blue.git")}
		gitUntil(t, call)
		undisturbed := r.Make(t.Context()) == nil
		t.Setenv("PATH", path)
		err := r.Make(t.Context())
		for name, want := range map[string]string{
			"core.bare": "true", "core.logAllRefUpdates": "true", "receive.denyDeleteCurrent": "ignore", "core.hooksPath": "hooks",
		} {
			if got := repotest.Git(t, r.Dir, "config", "--default", "none", name); got != want || err != nil {
				t.Errorf("interrupted at git's call %d: got %s=%s, %v, want %s", call, name, got, err, want)
			}
		}
		if undisturbed {
			break
		}
	}
}

func TestRepository_ThatCannotBeMadeSaysWhy(t *testing.T) {
	gitUntil(t, 1)
	if err := (Repository{filepath.Join(t.TempDir(), "blue.git")}).Make(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "git config ") {
		t.Errorf("without git: got %v, want the command that failed", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (Repository{filepath.Join(file, "blue.git")}).Make(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("below a file: got %v, want that it is none to make a folder in", err)
	}
}

func TestLink_IsRelativeAndStaysWhenItIsMadeAgain(t *testing.T) {
	r, source := hookless(t)
	first := filepath.Join(t.TempDir(), "first")
	for range 2 {
		if err := r.Link("update", source); err != nil {
			t.Fatal(err)
		}
		target, err := os.Readlink(r.hook("update"))
		if err != nil || target != "../../update_blue" {
			t.Errorf("got a link to %q, %v, want a relative one: the folder may be moved or mounted", target, err)
		}
		_ = os.Link(r.hook("update"), first) // keeps the first from being taken for a second at the same inode
	}
	before, _ := os.Lstat(first)
	if now, err := os.Lstat(r.hook("update")); err != nil || !os.SameFile(before, now) {
		t.Errorf("got %v, %v, want the link that was right to stay", now, err)
	}
	if info, err := os.Stat(r.hook("update")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the hook: got %v, %v, want it executable", info, err)
	}
}

func TestLink_ReachesItsSourceWhereTheRepositoryIsElsewhere(t *testing.T) {
	r, source := hookless(t)
	away := filepath.Join(t.TempDir(), "a", "b", "blue.git")
	if err := errors.Join(os.MkdirAll(filepath.Dir(away), 0o755), os.Rename(r.Dir, away), os.Symlink(away, r.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := r.Link("update", source); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(r.hook("update")); err != nil || !strings.Contains(string(content), "bin/deploy update blue") {
		t.Errorf("got %q, %v, want the source", content, err)
	}
}

func TestLink_ReplacesWhatIsOursAndRefusesWhatIsNot(t *testing.T) {
	for _, test := range []struct {
		what  string
		stand func(path, source string) error // what stands there
		ours  bool
	}{
		{"an older hook of ours", func(path, _ string) error {
			return os.WriteFile(path, []byte("#!/bin/sh\n/old/bin/deploy update blue\n"), 0o755)
		}, true},
		{"a link to it from another place", func(path, source string) error { return os.Symlink(source, path) }, true},
		{"a link to nothing", func(path, _ string) error { return os.Symlink("/nonexistent", path) }, true},
		{"a hook of a person", func(path, _ string) error { return os.WriteFile(path, []byte("#!/bin/sh\nmail\n"), 0o755) }, false},
		{"a link of a person", func(path, _ string) error { return os.Symlink("/etc/passwd", path) }, false},
	} {
		r, source := hookless(t)
		if err := test.stand(r.hook("update"), source); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(r.hook("update"))
		err := r.Link("update", source)
		target, _ := os.Readlink(r.hook("update"))
		after, _ := os.ReadFile(r.hook("update"))
		if test.ours && (err != nil || target != "../../update_blue") {
			t.Errorf("%s: got a link to %q, %v, want the new one", test.what, target, err)
		}
		refusal := r.hook("update") + " is a hook of your own: move it away first"
		if !test.ours && (err == nil || err.Error() != refusal || string(after) != string(before)) {
			t.Errorf("%s: got %v and now %q, want %s, and %q", test.what, err, after, refusal, before)
		}
	}
}

func TestLink_WithoutASourceOrARepositoryLeavesNothing(t *testing.T) {
	r, source := hookless(t)
	if err := r.Link("update", source+"_is_missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a source: got %v, want that it is missing", err)
	}
	if _, err := os.Lstat(r.hook("update")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a hook: got %v, want none", err)
	}
	none := Repository{filepath.Join(t.TempDir(), "none.git")}
	if err := none.Link("update", source); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a repository: got %v, want that it is missing", err)
	}
}

func TestCheckHooks_NamesTheOneThatGitWouldNotRun(t *testing.T) {
	for _, test := range []struct {
		what, hook string
		harm       func(path string) error
	}{
		{"removed", "update", os.Remove},
		{"not executable", "post-receive", func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("exec bin/deploy"), 0o644))
		}},
		{"a link to nothing", "update", func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/nonexistent", path)) }},
	} {
		r, source := hookless(t)
		for _, hook := range Hooks {
			if err := r.Link(hook, source); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.CheckHooks(); err != nil {
			t.Fatalf("unharmed: got %v", err)
		}
		if err := test.harm(r.hook(test.hook)); err != nil {
			t.Fatal(err)
		}
		want := "the hook " + test.hook + " is missing or not executable: make deploy-init repairs it"
		if err := r.CheckHooks(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", test.what, err, want)
		}
	}
}
