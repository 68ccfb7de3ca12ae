package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// Runtime is what a release's container gets besides its image, and how much of
// the machine it may use.
type Runtime struct {
	Env    []string      // NAME=value
	Mounts []mount.Mount // volumes, and files under /run/secrets
	Limits Limits
	Init   bool // process 1 is Docker's init, which passes signals on and reaps children
}

// Limits bound a container. Zero is no limit.
type Limits struct {
	Memory       int64    // bytes; swap beyond it is not allowed
	CPUShares    int64    // weight among the busy containers; Docker's default is 1024
	Pids         int64    // processes and threads
	LogSize      int64    // bytes of its log that Docker keeps, the newest
	OOMScore     int      // -1000 to 1000: of the machine's processes, the kernel kills the highest first
	Capabilities []string // all that its processes may have, even as root: capabilities(7) without CAP_
}

// logFiles is how many files Docker spreads a log over: with a single one, the
// whole log would go at once.
const logFiles = 2

// apply writes the limits into a container's configuration. MemorySwap is
// memory and swap together (Docker Engine API, ContainerCreate). No process
// gains a privilege by executing a file, as sudo would (prctl(2),
// PR_SET_NO_NEW_PRIVS).
func (l Limits) apply(host *container.HostConfig) {
	host.Memory, host.MemorySwap = l.Memory, l.Memory
	host.CPUShares = l.CPUShares
	if l.Pids > 0 {
		host.PidsLimit = &l.Pids
	}
	if l.LogSize > 0 {
		host.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{
			"max-size": fmt.Sprint(l.LogSize / logFiles), "max-file": fmt.Sprint(logFiles)}}
	}
	host.OomScoreAdj = l.OOMScore
	host.CapDrop, host.CapAdd = []string{"ALL"}, l.Capabilities
	host.SecurityOpt = []string{"no-new-privileges"}
}

// String returns, in one line, the part that a person can change with settings
// and volumes. It holds nothing of Env, because anybody may read it.
func (r Runtime) String() string {
	var volumes []string
	for _, m := range r.Mounts {
		if m.Type == mount.TypeVolume {
			volumes = append(volumes, m.Source+":"+m.Target)
		}
	}
	slices.Sort(volumes)
	return fmt.Sprintf("%s volumes=%s", r.Limits, strings.Join(volumes, ","))
}

// String returns the limits in one line.
func (l Limits) String() string {
	capabilities := slices.Sorted(slices.Values(l.Capabilities))
	return fmt.Sprintf("memory=%d cpu-shares=%d pids=%d log=%d oom-score=%d capabilities=%s",
		l.Memory, l.CPUShares, l.Pids, l.LogSize, l.OOMScore, strings.Join(capabilities, ","))
}
