package ledger

import (
	"fmt"
	"os"
	"strings"
)

// Process identifies a process so that no later one is mistaken for it.
type Process struct {
	PID     int    `json:"pid"`
	Started string `json:"started"` // clock ticks since boot, proc(5) field 22
}

// ProcessOf returns the process that now has the PID.
func ProcessOf(pid int) Process { return Process{pid, startTime(pid)} }

// Alive reports whether the process has not ended.
func (p Process) Alive() bool {
	return p.PID > 0 && p.Started != "" && startTime(p.PID) == p.Started
}

// startTime returns "" for a process that has ended. The name, field 2, may
// hold spaces and brackets, so fields are counted from the last bracket.
func startTime(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

// String returns the process in a form that ReadProcess reads.
func (p Process) String() string { return fmt.Sprintf("%d %s", p.PID, p.Started) }

// ReadProcess reads what String wrote. For anything else it returns a process
// that is not alive.
func ReadProcess(text string) (p Process) {
	_, _ = fmt.Sscan(text, &p.PID, &p.Started)
	return p
}
