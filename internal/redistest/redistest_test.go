package redistest

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// use runs a test with a Redis of its own and returns its address.
func use(t *testing.T, test func(t *testing.T, client *redis.Client)) (address string) {
	t.Helper()
	t.Run("", func(t *testing.T) {
		address = Address(t)
		client := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1})
		t.Cleanup(func() { client.Close() })
		test(t, client)
	})
	return address
}

func TestAddress_GivesTheSameRedisToTheNextTestAndEmpty(t *testing.T) {
	first := use(t, func(t *testing.T, client *redis.Client) {
		if err := client.LPush(t.Context(), "servers", "a").Err(); err != nil {
			t.Fatal(err)
		}
	})
	second := use(t, func(t *testing.T, client *redis.Client) {
		if n, err := client.DBSize(t.Context()).Result(); n != 0 || err != nil {
			t.Errorf("got %d keys, %v, want an empty Redis", n, err)
		}
	})
	if first != second {
		t.Errorf("got %s and then %s, want one Redis for both", first, second)
	}
}

func TestAddress_GivesTwoAtATimeTwo(t *testing.T) {
	use(t, func(t *testing.T, client *redis.Client) {
		if other := Address(t); other == client.Options().Addr {
			t.Errorf("got %s twice at a time", other)
		}
	})
}

func TestAddress_LetsNobodyOfTheTestBeforeTakeAnElement(t *testing.T) {
	address := Address(t)
	earlier := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1})
	defer earlier.Close()
	ended := make(chan error, 1)
	go func() { ended <- earlier.BRPop(t.Context(), time.Minute, "tempServers").Err() }()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	for end := time.Now().Add(startTimeout); blocked(t, client) == 0; {
		if time.Now().After(end) {
			t.Fatal("the connection did not block")
		}
	}
	if err := renew(address); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || err == redis.Nil {
		t.Errorf("got %v, want the blocked connection to be closed", err)
	}
}

func blocked(t *testing.T, client *redis.Client) int {
	t.Helper()
	info, err := client.InfoMap(t.Context(), "clients").Result()
	if err != nil {
		t.Fatal(err)
	}
	if info["Clients"]["blocked_clients"] == "0" {
		return 0
	}
	return 1
}

func TestAddress_ReplacesARedisThatATestHasShutDown(t *testing.T) {
	first := use(t, func(t *testing.T, client *redis.Client) { client.ShutdownNoSave(t.Context()) })
	second := use(t, func(t *testing.T, client *redis.Client) {
		if err := client.Ping(t.Context()).Err(); err != nil {
			t.Error(err)
		}
	})
	if first == second {
		t.Errorf("got %s, which was shut down, again", first)
	}
}
