package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Spawner builds and starts servers with scripts/spawn_docker.sh.
type Spawner struct {
	Root   string   // checkout that holds scripts/ and the Dockerfiles
	Script string   // the script, relative to Root
	Env    []string // settings for the script, as NAME=value
	Log    *slog.Logger
}

// killDelay is how long a cancelled script has between SIGTERM and SIGKILL.
const killDelay = 5 * time.Second

// Spawn builds image for port and starts it as container, labelled with the
// version. When ctx ends, the script and everything that it started are told to
// stop. The error ends with the last lines that the failed step printed.
func (s *Spawner) Spawn(ctx context.Context, image string, port int, container, version string) error {
	command := exec.CommandContext(ctx, s.Script, image, strconv.Itoa(port), container)
	command.Dir = s.Root
	command.Env = append(append(os.Environ(), s.Env...), "SERVER_VERSION="+version)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = killDelay

	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	reason := make(chan string, 1)
	go func() { reason <- s.follow(reader, container) }()

	err := command.Run()
	writer.Close()
	if lines := <-reason; err != nil {
		return fmt.Errorf("%s: %w: %s", s.Script, err, lines)
	}
	return nil
}

// noise matches what Docker prints that explains nothing: full ids, and pointers
// to its manual.
var noise = regexp.MustCompile(`^[0-9a-f]{64}$| \([0-9a-f]{64}\)|^Run 'docker .*--help' for more information$`)

// reasonLines is how many lines of a step's output explain its failure.
const reasonLines = 8

// follow logs the steps that the script names and returns the last lines of
// the last one.
func (s *Spawner) follow(output io.Reader, container string) string {
	var reason []string
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if step, isStep := strings.CutPrefix(line, "==> "); isStep {
			s.Log.Info("Spawn step", "container", container, "step", step)
			reason = nil
		} else if line = noise.ReplaceAllString(line, ""); line != "" {
			reason = append(reason, line)
			reason = reason[max(0, len(reason)-reasonLines):]
		}
	}
	_, _ = io.Copy(io.Discard, output) // a line too long for the scanner must not stop the script
	return strings.Join(reason, " | ")
}
