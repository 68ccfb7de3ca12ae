package infrastructure

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"deux/internal/fleet"
	"deux/internal/program"
)

// complaints logs each trouble once, and once that it is over, however often it
// occurs in between. It does not log what fails while Redis or Docker is away.
type complaints struct {
	redis  *program.Outage
	docker *program.Outage
	log    *slog.Logger

	mu   sync.Mutex
	said map[string]bool
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{redis: program.NewOutage(log, "Redis"), docker: program.NewOutage(log, "Docker"), log: log, said: make(map[string]bool)}
}

// reportRedis takes the outcome of something that only asks Redis. A Redis that
// refuses is not away.
func (c *complaints) reportRedis(what string, err error) {
	if errors.Is(err, fleet.ErrOutOfMemory) || errors.Is(err, fleet.ErrPassword) {
		c.redis.Note(nil)
	} else {
		c.redis.Note(err)
	}
	c.report(what, err)
}

// report takes the outcome of something that is retried until it succeeds.
func (c *complaints) report(what string, err error) {
	if errors.Is(err, context.Canceled) || err != nil && (c.redis.IsOn() || c.docker.IsOn()) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch said := c.said[what]; {
	case err != nil && !said:
		c.said[what] = true
		c.log.Warn("Failing, will retry", "while", what, "error", err)
	case err == nil && said:
		delete(c.said, what)
		c.log.Info("Recovered", "while", what)
	}
}
