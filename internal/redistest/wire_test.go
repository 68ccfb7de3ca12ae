package redistest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// wired returns a client that finds Redis behind a wire, and one that does not.
func wired(t *testing.T, judge Judge) (wire *Wire, through, direct *redis.Client) {
	t.Helper()
	address := Address(t)
	wire, err := NewWire(address, judge)
	if err != nil {
		t.Fatal(err)
	}
	through = redis.NewClient(&redis.Options{Addr: wire.Address(), MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	direct = redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { through.Close(); wire.Close(); direct.Close() })
	return wire, through, direct
}

func TestWire_PassesPipelinesAndEveryKindOfAnswer(t *testing.T) {
	_, through, _ := wired(t, func([]string, []byte) bool { return true })
	ctx := t.Context()
	_, err := through.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.RPush(ctx, "servers", "a", "", "b\r\nc")
		tx.HSet(ctx, "hash", "field", "value")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := through.LRange(ctx, "servers", 0, -1).Val(); len(got) != 3 || got[2] != "b\r\nc" {
		t.Errorf("a list: got %q, want the three elements", got)
	}
	if got := through.HGetAll(ctx, "hash").Val(); got["field"] != "value" {
		t.Errorf("a map: got %v, want the field", got)
	}
	if err := through.Get(ctx, "none").Err(); err != redis.Nil {
		t.Errorf("no value: got %v, want %v", err, redis.Nil)
	}
	if got := through.Info(ctx, "server").Val(); got == "" {
		t.Error("a verbatim string: got nothing")
	}
}

func TestWire_BreaksBeforeOrAfterTheCommandHasTakenEffect(t *testing.T) {
	for _, after := range []bool{false, true} {
		_, through, direct := wired(t, func(command []string, answer []byte) bool {
			return command[0] != "lpush" || (answer != nil) != after
		})
		if err := through.LPush(t.Context(), "servers", "a").Err(); err == nil {
			t.Errorf("after %v: got no error, want a broken connection", after)
		}
		if got := direct.LLen(t.Context(), "servers").Val(); (got == 1) != after {
			t.Errorf("after %v: the list has %d elements", after, got)
		}
		if err := through.Ping(t.Context()).Err(); err != nil {
			t.Errorf("after %v, the next command: %v", after, err)
		}
	}
}

func TestWire_CutPassesNothingAnyMore(t *testing.T) {
	var blocked atomic.Bool
	wire, through, direct := wired(t, func(command []string, answer []byte) bool {
		blocked.Store(command[0] == "brpop")
		return true
	})
	ended := make(chan error, 1)
	go func() { ended <- through.BRPop(context.Background(), time.Minute, "servers").Err() }()
	for end := time.Now().Add(startTimeout); !blocked.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the command did not come")
		}
	}
	wire.Close()
	if err := <-ended; err == nil || err == redis.Nil {
		t.Errorf("the blocked command: got %v, want a broken connection", err)
	}
	if err := through.LPush(t.Context(), "servers", "a").Err(); err == nil {
		t.Error("a command after the cut: got no error")
	}
	if got := direct.LLen(t.Context(), "servers").Val(); got != 0 {
		t.Errorf("the list has %d elements, want none", got)
	}
}
