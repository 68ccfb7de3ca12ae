package engine

import (
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
	Memory    int64 // bytes; swap beyond it is not allowed
	CPUShares int64 // weight among the busy containers; Docker's default is 1024
	Pids      int64 // processes and threads
}

// apply writes the limits into a container's configuration. MemorySwap is
// memory and swap together (Docker Engine API, ContainerCreate).
func (l Limits) apply(host *container.HostConfig) {
	host.Memory, host.MemorySwap = l.Memory, l.Memory
	host.CPUShares = l.CPUShares
	if l.Pids > 0 {
		host.PidsLimit = &l.Pids
	}
}
