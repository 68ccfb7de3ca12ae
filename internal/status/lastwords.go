package status

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"deux/internal/engine"
)

// lastLines is how many lines of a log are shown.
const lastLines = 5

// lastWords writes the last log lines of what is missing.
func (s *System) lastWords(ctx context.Context, missing []string, containers map[string]engine.Usage, out io.Writer) {
	for _, name := range missing {
		var log bytes.Buffer
		if container, exists := containers[name]; exists {
			_ = s.Docker.Logs(ctx, container.ID, lastLines, false, &log)
		} else if name == infrastructure {
			content, _ := os.ReadFile(s.Log)
			log.Write(content)
		}
		for _, line := range tail(&log) {
			fmt.Fprintf(out, "    %s: %s\n", name, line)
		}
	}
}

// tail returns the last lines of a log.
func tail(log io.Reader) (lines []string) {
	for scanner := bufio.NewScanner(log); scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	return lines[max(0, len(lines)-lastLines):]
}
