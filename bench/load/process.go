package load

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of processor time in /proc: 1/100 s on Linux.
const clockTick = 10 * time.Millisecond

// stat returns the fields of /proc/PID/stat behind the name (proc_pid_stat(5)):
// the first is the state, field 3 of the manual page.
func stat(pid int) ([]string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	text := string(content)
	return strings.Fields(text[strings.LastIndex(text, ")")+1:]), nil // the name may hold blanks
}

// ProcessorTime returns the user and system time that a process has taken
// since it started (proc_pid_stat(5), fields 14 and 15).
func ProcessorTime(pid int) (time.Duration, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, err
}

// ProcessorTimes returns the sum of ProcessorTime over each group of processes.
func ProcessorTimes(groups ...[]int) ([]time.Duration, error) {
	sums := make([]time.Duration, len(groups))
	for i, pids := range groups {
		for _, pid := range pids {
			taken, err := ProcessorTime(pid)
			if err != nil {
				return nil, err
			}
			sums[i] += taken
		}
	}
	return sums, nil
}

// memory returns a field of /proc/PID/status, in bytes (proc_pid_status(5)).
func memory(pid int, field string) (float64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), field+":")
	if !found {
		return 0, fmt.Errorf("no %s in %s", field, path)
	}
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kilobytes * 1024, err
}

// ResidentMemory returns how many bytes of a process are in memory now.
func ResidentMemory(pid int) (float64, error) { return memory(pid, "VmRSS") }

// PeakMemory returns the most bytes that pids had in memory, each since the
// last ForgetPeak, added up: what processes share counts once for each.
func PeakMemory(pids []int) (float64, error) {
	var sum float64
	for _, pid := range pids {
		peak, err := memory(pid, "VmHWM")
		if err != nil {
			return 0, err
		}
		sum += peak
	}
	return sum, nil
}

// ForgetPeak makes the peak of each of pids its memory now (proc_pid_clear_refs(5)).
func ForgetPeak(pids []int) error {
	for _, pid := range pids {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return err
		}
	}
	return nil
}

// Tree returns a process and all its descendants.
func Tree(root int) ([]int, error) {
	children := map[int][]int{}
	err := eachProcess(func(pid int) {
		if fields, err := stat(pid); err == nil { // else it has just ended
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], pid)
		}
	})
	tree := []int{root}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree, err
}

// DockerProxies returns the processes through which Docker passes on what
// comes to the published ports. There are none for a container that has the
// host's network.
func DockerProxies(ports ...string) ([]int, error) {
	var pids []int
	err := eachProcess(func(pid int) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		words := strings.Split(string(line), "\x00")
		at := slices.Index(words, "-host-port")
		if filepath.Base(words[0]) == "docker-proxy" && at > 0 && slices.Contains(ports, words[at+1]) {
			pids = append(pids, pid)
		}
	})
	return pids, err
}

func eachProcess(do func(pid int)) error {
	entries, err := os.ReadDir("/proc")
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			do(pid)
		}
	}
	return err
}
