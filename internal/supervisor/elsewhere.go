package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"deux/internal/program"
)

// Elsewhere says from which checkout the program that holds the lock file runs,
// and how to end it there, or "" if it is that of the executable. So it is where
// that cannot be known: another user's processes do not tell (proc(5), exe).
func Elsewhere(lockFile, executable string) string {
	holder := program.ReadPID(lockFile)
	if !program.IsLocked(lockFile) || holder == 0 {
		return ""
	}
	file, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", holder))
	checkout := checkoutOf(strings.TrimSuffix(file, " (deleted)")) // a build has replaced it
	if err != nil || checkout == checkoutOf(executable) {
		return ""
	}
	if _, err := os.Stat(checkout); err == nil {
		return checkout + ": make down there ends it"
	}
	return fmt.Sprintf("%s, which is gone: kill %d ends it", checkout, topOf(holder))
}

// checkoutOf returns the checkout whose folder bin/ has the executable.
func checkoutOf(executable string) string { return filepath.Dir(filepath.Dir(executable)) }

// topOf returns the supervisor of a process, or the process if it has none.
func topOf(process int) int {
	if parent := parentOf(process); isCalledWith(parent, Argument) {
		return parent
	}
	return process
}

// parentOf returns the parent of a process, or 0 (proc(5), status).
func parentOf(process int) (parent int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	_, after, _ := strings.Cut(string(status), "\nPPid:")
	_, _ = fmt.Sscan(after, &parent)
	return parent
}

// isCalledWith reports whether the last argument of a living process is this
// one. One that has ended has none any more (proc(5), cmdline).
func isCalledWith(process int, argument string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", process))
	return err == nil && strings.HasSuffix(string(line), "\x00"+argument+"\x00")
}
