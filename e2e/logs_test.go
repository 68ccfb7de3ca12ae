package e2e

import (
	"bufio"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// logsFollow reads what make logs prints while a server is spawned, which it
// has not seen at its start, and until it is told to end.
func logsFollow(s *system) {
	reader, writer, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	defer reader.Close()
	logs := s.command("scripts/logs.sh")
	logs.Stdout, logs.Stderr = writer, writer
	if err := logs.Start(); err != nil {
		s.t.Fatal(err)
	}
	writer.Close()
	// Whatever it still waits for, it ends.
	end := time.AfterFunc(patience, func() { _ = logs.Process.Signal(syscall.SIGTERM) })
	defer end.Stop()
	lines := bufio.NewScanner(reader)
	until := func(name, text string) {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), name) && strings.Contains(lines.Text(), text) {
				return
			}
		}
		s.t.Errorf("make logs: no line of %s with %q", name, text)
	}
	until("infrastructure ", "program=infrastructure") // from before
	until(s.container(s.spawn(1)[0])+" ", "msg=Serving")
	if err := logs.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, reader) // which ends with the last follower
	_ = logs.Wait()
}
