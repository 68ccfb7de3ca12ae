package program

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryFiles are where a program in a container reads its memory limit (kernel
// documentation, cgroup-v2 "memory.max"; cgroup-v1 "memory.limit_in_bytes"). On
// a host they say that there is none.
var memoryFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// heedMemoryLimit has Go collect garbage more often as the program nears its
// container's limit, so that the kernel does not kill it for garbage. A
// GOMEMLIMIT in the environment takes precedence.
func heedMemoryLimit(files []string) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	for _, file := range files {
		if limit := readLimit(file); limit > 0 {
			debug.SetMemoryLimit(limit / 10 * 9) // the rest is for memory that Go does not manage
			return
		}
	}
}

// unlimited is more than any machine has: without a limit, cgroup v1 says a
// number slightly below the largest.
const unlimited = math.MaxInt64 / 2

// readLimit returns the limit in the file, or 0 if there is none.
func readLimit(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit > unlimited {
		return 0
	}
	return limit
}
