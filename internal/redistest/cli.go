package redistest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Patience is how long a test waits for what must come, even on a busy host.
const Patience = 30 * time.Second

// CLI is redis-cli for a test, with what tests of lists check.
type CLI struct {
	*redis.Client
	Address string // HOST:PORT
	t       testing.TB
}

// Open returns a CLI at an empty Redis (see Address), until the test ends.
func Open(t testing.TB) *CLI {
	t.Helper()
	c := At(t, newClient(Address(t)))
	t.Cleanup(func() { c.Close() })
	return c
}

// At returns a CLI at the Redis of a client that the caller closes.
func At(t testing.TB, client *redis.Client) *CLI {
	return &CLI{client, client.Options().Addr, t}
}

// Put fills a list as LRANGE shows it, first element first.
func (c *CLI) Put(key string, elements ...any) {
	c.t.Helper()
	if err := c.RPush(context.Background(), key, elements...).Err(); err != nil {
		c.t.Fatalf("RPUSH %s: %v", key, err)
	}
}

// Push puts elements into a list as programs do, the last one on the left. What
// is not a text becomes JSON.
func (c *CLI) Push(key string, elements ...any) {
	c.t.Helper()
	for _, element := range elements {
		if _, isText := element.(string); !isText {
			text, err := json.Marshal(element)
			if err != nil {
				c.t.Fatal(err)
			}
			element = text
		}
		if err := c.LPush(context.Background(), key, element).Err(); err != nil {
			c.t.Fatalf("LPUSH %s: %v", key, err)
		}
	}
}

// Remove removes lists.
func (c *CLI) Remove(keys ...string) {
	c.t.Helper()
	if err := c.Del(context.Background(), keys...).Err(); err != nil {
		c.t.Fatalf("DEL %q: %v", keys, err)
	}
}

// Elements returns a list as LRANGE shows it, and nothing without Redis.
func (c *CLI) Elements(key string) []string {
	return c.LRange(context.Background(), key, 0, -1).Val()
}

// Want fails the test unless a list holds these elements in this order.
func (c *CLI) Want(key string, want ...string) {
	c.t.Helper()
	got, err := c.LRange(context.Background(), key, 0, -1).Result()
	if err != nil || !slices.Equal(got, want) {
		c.t.Errorf("LRANGE %s: got %q, %v, want %q", key, got, err, want)
	}
}

// WantSoon waits until a list holds these elements in any order. After Patience
// it ends the test with what the reports say.
func (c *CLI) WantSoon(key string, want []string, reports ...func() string) {
	c.t.Helper()
	want = slices.Sorted(slices.Values(want))
	var got []string
	Eventually(c.t, func() bool {
		got = slices.Sorted(slices.Values(c.Elements(key)))
		return slices.Equal(got, want)
	}, func() {
		var said []string
		for _, report := range reports {
			said = append(said, report())
		}
		c.t.Fatalf("LRANGE %s: got %q, want %q; %q", key, got, want, said)
	})
}

// Eventually returns when a state is reached. After Patience it calls fail, which
// must end the test.
func Eventually(t testing.TB, reached func() bool, fail func()) {
	t.Helper()
	for end := time.Now().Add(Patience); !reached(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			fail()
			return
		}
	}
}
