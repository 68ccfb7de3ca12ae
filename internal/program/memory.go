package program

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryFiles are where a program in a container reads its limit of memory
// (kernel documentation, cgroup-v2 "memory.max"; cgroup-v1
// "memory.limit_in_bytes"). On a host they say that there is none.
var memoryFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// heedMemoryLimit has Go collect garbage more often as the program comes near
// what its container may use, so that the kernel does not kill it for garbage.
// A GOMEMLIMIT in the environment stays.
func heedMemoryLimit(files []string) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	for _, file := range files {
		if limit := readLimit(file); limit > 0 {
			debug.SetMemoryLimit(limit / 10 * 9) // the rest is for what is not Go's
			return
		}
	}
}

// unlimited is more than any machine has: what cgroup v1 says instead of
// nothing is somewhat below the largest number.
const unlimited = math.MaxInt64 / 2

// readLimit returns the limit in the file, or 0 without one.
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
