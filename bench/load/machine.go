package load

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine describes the host in a line: processors, kernel, distribution, date.
func Machine() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	kernel, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-") // the rest names a distributor's build
	return fmt.Sprintf("%d cores (%s), Linux %s, %s, %s, %s", runtime.NumCPU(),
		valueIn("/proc/cpuinfo", "model name", ":"), kernel,
		valueIn("/etc/os-release", "PRETTY_NAME", "="), runtime.Version(), time.Now().Format(time.DateOnly))
}

// valueIn returns the value of the first line of a file that starts with name.
func valueIn(path, name, separator string) string {
	content, _ := os.ReadFile(path)
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(line, separator)
		if strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return "unknown"
}
