package stream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"deux/internal/program"
)

// socatPace is how fast socat is started again when it dies.
var socatPace = program.Pace{First: 100 * time.Millisecond, Most: 5 * time.Second, Steady: 10 * time.Second}

// socatGrace is how long socat, and then each process that still serves a
// client, may take to finish at the end.
const socatGrace = 2 * time.Second

// Socat keeps a socat running that sends the file to every client. socat opens
// the file again for each connection, in a separate process.
type Socat struct {
	dir   string
	args  []string
	grace time.Duration
	log   *slog.Logger
}

// NewSocat fails if there is no socat to run.
func NewSocat(config WriterConfig, log *slog.Logger) (*Socat, error) {
	if _, err := exec.LookPath("socat"); err != nil {
		return nil, fmt.Errorf("looking for socat: %w", err)
	}
	return &Socat{dir: config.DataDir, args: socatArgs(config.Port), grace: socatGrace, log: log}, nil
}

// socatArgs is the command line of the contract; crlf makes it readable in a
// telnet session.
func socatArgs(port int) []string {
	return []string{fmt.Sprintf("TCP-LISTEN:%d,fork,reuseaddr,crlf", port), "OPEN:" + FileName + ",rdonly"}
}

// Run starts socat, and starts it again when it dies, until ctx ends. Then it
// stops listening at once, and returns when the connected clients have read to
// the end, or the grace is over.
func (s *Socat) Run(ctx context.Context) {
	program.Keep(ctx, s.log, "Socat", socatPace, s.serve)
}

// serve runs socat until it dies. Its processes share a pipe as their standard
// error, so the pipe ends with the last of them.
func (s *Socat) serve(ctx context.Context) error {
	runtime.LockOSThread() // Pdeathsig is bound to this thread: go.dev/issue/27505
	defer runtime.UnlockOSThread()

	stderr, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := s.command(ctx, theirs)
	err = cmd.Start()
	theirs.Close()
	gone := s.relay(stderr)
	if err != nil {
		return err
	}
	s.log.Info("Serving", "command", cmd.Args, "pid", cmd.Process.Pid)

	err = cmd.Wait()
	if ctx.Err() != nil {
		s.finish(cmd.Process.Pid, gone)
	}
	return err
}

// command makes a socat that gets SIGTERM when ctx ends, which ends only the
// listener, and also when this program is killed, so that it never keeps the
// port from the next. Its process group is its own, for finish.
func (s *Socat) command(ctx context.Context, stderr *os.File) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "socat", s.args...)
	cmd.Dir = s.dir
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = s.grace
	return cmd
}

// relay logs what socat's processes say until all have ended, then closes gone.
func (s *Socat) relay(stderr io.ReadCloser) (gone <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer stderr.Close()
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.log.Warn("Socat says", "line", lines.Text())
		}
	}()
	return done
}

// finish waits for the processes that still serve clients, and kills those that
// take too long. While one lives, the group's number is not reused.
func (s *Socat) finish(group int, gone <-chan struct{}) {
	select {
	case <-gone:
	case <-time.After(s.grace):
		syscall.Kill(-group, syscall.SIGKILL)
	}
}
