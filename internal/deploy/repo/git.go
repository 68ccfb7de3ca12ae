// Package repo is a bare git repository that is pushed to: what it holds, and
// the hooks that git runs. It knows only git, and nothing of what a push is for.
package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Repository is a bare git repository.
type Repository struct{ Dir string }

// git runs a git command on the repository and returns its output, without the
// variables of git that a hook inherits: they describe the process that runs the
// hook.
func (r Repository) git(ctx context.Context, extra []string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"--git-dir=" + r.Dir}, arguments...)...)
	command.Env = append(WithoutGit(os.Environ()), extra...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", arguments[0], err, oneLine(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// WithoutGit returns an environment without what git tells its hooks.
func WithoutGit(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
}

// oneLine returns what a command printed on one line, for an error.
func oneLine(output []byte) string { return string(bytes.Join(bytes.Fields(output), []byte(" "))) }

// Resolve returns the revision of a ref, or NoRevision if there is no such ref.
func (r Repository) Resolve(ctx context.Context, ref string) (string, error) {
	output, err := r.git(ctx, nil, "rev-parse", "--verify", "--quiet", ref)
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return NoRevision, nil
	}
	return strings.TrimSpace(output), err
}

// Subject returns the first line of a commit's message, or "" if there is no such
// commit. It can be shown on a terminal: a control character becomes a space.
func (r Repository) Subject(ctx context.Context, revision string) string {
	output, err := r.git(ctx, nil, "show", "--no-patch", "--format=%s", revision, "--")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, output))
}

// NoRevision is what git gives its hooks for a ref that does not exist before or
// after the push (githooks(5), "update").
const NoRevision = "0000000000000000000000000000000000000000"

// Submodules returns the paths that hold other repositories.
func (r Repository) Submodules(ctx context.Context, revision string) ([]string, error) {
	output, err := r.git(ctx, nil, "ls-tree", "-r", "-z", revision)
	return submodulesIn(output), err
}

// submodulesIn returns the submodules in the output of ls-tree -z: entries of
// MODE TYPE OBJECT, a tab, the unquoted path and a zero byte (git-ls-tree(1),
// "OUTPUT FORMAT").
func submodulesIn(output string) (paths []string) {
	for entry := range strings.SplitSeq(output, "\x00") {
		if about, path, _ := strings.Cut(entry, "\t"); strings.HasPrefix(about, "160000 ") {
			paths = append(paths, path)
		}
	}
	return paths
}

// CheckOut fills dir, which must be empty, with the files of a revision. It uses
// an index of its own: git archive would leave out or rewrite files as
// .gitattributes says (export-ignore, export-subst).
func (r Repository) CheckOut(ctx context.Context, revision, dir string) error {
	index := dir + ".index"
	defer os.Remove(index)
	extra := []string{"GIT_INDEX_FILE=" + index, "GIT_WORK_TREE=" + dir}
	if _, err := r.git(ctx, extra, "read-tree", revision); err != nil {
		return err
	}
	_, err := r.git(ctx, extra, "checkout-index", "--all", "--force")
	return err
}

// pointerStart is the start of a file whose content is elsewhere (Git LFS
// specification, "The Pointer").
const pointerStart = "version https://git-lfs.github.com/spec/v1\n"

// LFSPointer returns the path of a file under dir that only points to its
// content, or "" if there is none.
func LFSPointer(dir string) (string, error) {
	found := ""
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() >= 1024 {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && strings.HasPrefix(string(content), pointerStart) {
			found, _ = filepath.Rel(dir, path)
			return filepath.SkipAll
		}
		return err
	})
	return found, err
}
