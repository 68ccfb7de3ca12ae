package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Hooks are the names of the git hooks that deploy a push.
var Hooks = []string{"update", "post-receive"}

// hooks is the folder of a repository that git's hooks are in.
const hooks = "hooks"

func (r Repository) hook(name string) string { return filepath.Join(r.Dir, hooks, name) }

// CheckHooks returns an error if git would not run one of the hooks.
func (r Repository) CheckHooks() error {
	for _, hook := range Hooks {
		if info, err := os.Stat(r.hook(hook)); err != nil || info.Mode()&0o111 == 0 {
			return fmt.Errorf("the hook %s is missing or not executable: make deploy-init repairs it", hook)
		}
	}
	return nil
}

// Make makes the repository unless it exists. Its refs have a log, so that what
// a forced push threw away can be found again. The branch that HEAD names can be
// deleted like any other. Its settings come first, and HEAD last: if this process
// dies in between, the next one makes all of it.
func (r Repository) Make(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(r.Dir, "HEAD")); err == nil {
		return r.ownHooks(ctx)
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return err
	}
	config := filepath.Join(r.Dir, "config")
	for _, arguments := range [][]string{
		{"config", "--file", config, "core.logAllRefUpdates", "true"},
		{"config", "--file", config, "receive.denyDeleteCurrent", "ignore"},
		{"config", "--file", config, "core.hooksPath", hooks},
		{"init", "--quiet", "--bare", "--initial-branch=main", r.Dir},
	} {
		if err := run(ctx, arguments...); err != nil {
			return err
		}
	}
	return nil
}

// ownHooks has git run the hooks of the repository, wherever the configuration of
// the user or the host says that hooks are: git would take a push, run none of
// them, and nobody would be told. A relative path starts where hooks run, which
// is the repository (git-config(1), "core.hooksPath").
func (r Repository) ownHooks(ctx context.Context) error {
	config := filepath.Join(r.Dir, "config")
	now, err := exec.CommandContext(ctx, "git", "config", "--file", config, "--get-all", "core.hooksPath").Output()
	if err == nil && strings.TrimSpace(string(now)) == hooks {
		return nil
	}
	return run(ctx, "config", "--file", config, "--replace-all", "core.hooksPath", hooks)
}

// run runs a git command that needs no repository.
func run(ctx context.Context, arguments ...string) error {
	if output, err := exec.CommandContext(ctx, "git", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", strings.Join(arguments, " "), err, oneLine(output))
	}
	return nil
}

// Link makes the hook a relative link to an executable source, replacing an
// older hook of ours. A hook of somebody's own stays.
func (r Repository) Link(hook, source string) error {
	path := r.hook(hook)
	if err := os.Chmod(source, 0o755); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return err
	}
	target, err := filepath.Rel(real, source)
	if err != nil {
		return err
	}
	if now, err := os.Readlink(path); err == nil && now == target {
		return nil
	}
	if content, err := os.ReadFile(path); err == nil && !bytes.Contains(content, []byte("bin/deploy")) {
		return fmt.Errorf("%s is a hook of your own: move it away first", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}
