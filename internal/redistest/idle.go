package redistest

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// idle holds the addresses of the Redis servers that no test uses.
var idle struct {
	sync.Mutex
	addresses []string
}

// takeIdle returns a Redis that no test uses, emptied, and reports whether there
// is one.
func takeIdle() (address string, found bool) {
	idle.Lock()
	defer idle.Unlock()
	for len(idle.addresses) > 0 {
		last := len(idle.addresses) - 1
		address, idle.addresses = idle.addresses[last], idle.addresses[:last]
		if renew(address) == nil {
			return address, true
		}
	}
	return "", false // those that did not answer were shut down by their tests, or got a password
}

func putIdle(address string) {
	idle.Lock()
	defer idle.Unlock()
	idle.addresses = append(idle.addresses, address)
}

// renewTimeout is how long a running Redis may take to be renewed.
const renewTimeout = 5 * time.Second

// renew resets a Redis to how it was started. Connections of the test before
// are closed first: one may be blocked, waiting for an element.
func renew(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), renewTimeout)
	defer cancel()
	client := newClient(address)
	defer client.Close()
	_, err := client.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		pipeline.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes")
		pipeline.ConfigSet(ctx, "save", "")
		pipeline.ConfigSet(ctx, "maxmemory", "0")
		pipeline.ScriptFlush(ctx)
		pipeline.FlushAll(ctx)
		pipeline.ConfigResetStat(ctx)
		return nil
	})
	return err
}
