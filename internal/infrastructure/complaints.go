package infrastructure

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// complaints says each trouble once, and once that it is over, however often
// it is met in between.
type complaints struct {
	mu   sync.Mutex
	log  *slog.Logger
	said map[string]string
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, said: make(map[string]string)}
}

// report takes the outcome of something that is tried again and again.
func (c *complaints) report(what string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch _, said := c.said[what]; {
	case err != nil && !said:
		c.said[what] = err.Error()
		c.log.Warn("Trouble, trying again until it is over", "while", what, "error", err)
	case err == nil && said:
		delete(c.said, what)
		c.log.Info("Trouble is over", "while", what)
	}
}
