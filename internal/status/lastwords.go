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
			log.Write(endOf(s.Log))
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

// lastBytes is how much of the end of a file is read for its last lines.
const lastBytes = 32 << 10

// endOf returns the end of a file, from the start of a line. It is empty if the
// file cannot be read.
func endOf(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	start, _ := file.Seek(-lastBytes, io.SeekEnd) // stays at 0 in a shorter file (lseek(2), EINVAL)
	content, _ := io.ReadAll(io.LimitReader(file, lastBytes))
	if start > 0 {
		_, content, _ = bytes.Cut(content, []byte("\n"))
	}
	return content
}
