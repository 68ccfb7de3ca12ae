package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// work is a person's repository.
type work struct {
	s   *system
	dir string
}

// work makes a repository of an app that answers text, not yet pushed.
func (s *system) work(text string) *work {
	s.t.Helper()
	w := &work{s, filepath.Join(s.t.TempDir(), "work")}
	write(s.t, filepath.Join(w.dir, "Dockerfile"), s.dockerfile())
	w.git("init", "--quiet", "--initial-branch=main")
	w.configure()
	w.commit("behaviour", "TEXT="+text+"\n")
	return w
}

// configure says who commits, and to where pushes go.
func (w *work) configure() {
	w.s.t.Helper()
	w.git("config", "user.name", "Test")
	w.git("config", "user.email", "test@localhost")
	w.s.output("scripts/remotes.sh", w.dir)
}

// command is one of git in the repository.
func (w *work) command(arguments ...string) *exec.Cmd {
	command := w.s.command("git", arguments...)
	command.Dir = w.dir
	return command
}

// git runs one, which must succeed, and returns what it said.
func (w *work) git(arguments ...string) string {
	w.s.t.Helper()
	return strings.TrimSpace(w.s.must(w.command(arguments...)))
}

// commit changes a file, commits everything and returns the revision.
func (w *work) commit(path, content string) string {
	w.s.t.Helper()
	write(w.s.t, filepath.Join(w.dir, path), content)
	w.git("add", "--all")
	w.git("commit", "--quiet", "--allow-empty", "--message", path)
	return w.head()
}

func (w *work) head() string {
	w.s.t.Helper()
	return w.git("rev-parse", "HEAD")
}

// push runs git push and returns what it said, and its error.
func (w *work) push(arguments ...string) (string, error) {
	output, err := w.command(append([]string{"push"}, arguments...)...).CombinedOutput()
	return remote(string(output)), err
}

// remote takes git's prefix and padding off the lines that came from hooks.
func remote(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimPrefix(strings.TrimRight(line, " \n"), "remote: ")
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// accepted pushes, which must succeed, and returns what git said.
func (w *work) accepted(arguments ...string) string {
	w.s.t.Helper()
	output, err := w.push(arguments...)
	if err != nil {
		w.s.t.Fatalf("git push %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return output
}

// refused pushes, which must fail with a last line that starts so and holds
// the reason, and returns what git said.
func (w *work) refused(start, reason string, arguments ...string) string {
	w.s.t.Helper()
	output, err := w.push(arguments...)
	if err == nil {
		w.s.t.Fatalf("git push %s succeeded, want %q\n%s", strings.Join(arguments, " "), start, output)
	}
	if last := verdict(output); !strings.HasPrefix(last, start) || !strings.Contains(last, reason) {
		w.s.t.Errorf("git push %s: last line %q, want it to start with %q and hold %q\n%s",
			strings.Join(arguments, " "), last, start, reason, output)
	}
	return output
}

// verdict is the last line that a hook wrote.
func verdict(output string) string {
	last := ""
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "DEPLOY") {
			last = strings.TrimSpace(line)
		}
	}
	return last
}

// deployed pushes to the colour's main, which must deploy, and returns what
// git said.
func (w *work) deployed(colour string) string {
	w.s.t.Helper()
	output := w.accepted(colour, "main")
	want := "DEPLOYED " + colour + " " + w.head() + " sha256:"
	if last := verdict(output); !strings.HasPrefix(last, want) {
		w.s.t.Fatalf("last line %q, want it to start with %q\n%s", last, want, output)
	}
	return output
}
