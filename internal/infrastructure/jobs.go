package infrastructure

import (
	"sync"

	"deux/internal/fleet"
)

// jobs runs at most one job for a server at a time.
type jobs struct {
	mu   sync.Mutex
	busy map[fleet.Server]bool
	wg   sync.WaitGroup
}

func newJobs() *jobs { return &jobs{busy: make(map[fleet.Server]bool)} }

// begin runs work in the background when a slot is free. It does nothing if the
// server has a job already: the lists still hold the work, and the level pass
// starts it later.
func (j *jobs) begin(server fleet.Server, slots chan struct{}, work func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.busy[server] {
		return
	}
	j.busy[server] = true
	j.wg.Go(func() {
		slots <- struct{}{}
		defer func() { <-slots; j.end(server) }()
		work()
	})
}

func (j *jobs) end(server fleet.Server) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.busy, server)
}

// running reports whether the server has a job.
func (j *jobs) running(server fleet.Server) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.busy[server]
}

// wait returns when no job is left.
func (j *jobs) wait() { j.wg.Wait() }
