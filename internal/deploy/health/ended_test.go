package health

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/engine"
)

// MemoryKills says what the kernel has told Docker so far.
func (c *container) MemoryKills(_ context.Context, _ string, since time.Time) (last time.Time, kills int) {
	c.looks++
	for _, at := range c.kills {
		if at.After(since) && !at.After(time.Now()) {
			last, kills = at, kills+1
		}
	}
	return last, kills
}

func TestMemory_IsNamedAsTheReasonWithTheSettingToRaise(t *testing.T) {
	const limit = "BLUE_APP_MEMORY=64m"
	const advice = "the app was killed for using more than BLUE_APP_MEMORY=64m: raise that in .env, then make up, or have it use less"
	slow := errors.New("not healthy within 1m0s")
	for _, test := range []struct {
		name  string
		err   error
		after time.Duration // when the kernel's news reaches Docker; 0 for never
		want  string
		looks int
	}{
		{"Docker says so", Ended(engine.State{Memory: true, ExitCode: Killed}), 0, advice, 0},
		{"the news comes late", Ended(engine.State{ExitCode: Killed}), time.Second, advice, 5},
		{"killed by somebody else", Ended(engine.State{ExitCode: Killed}), 0, "the container ended with exit code 137", noticeLooks},
		{"it ended by itself", Ended(engine.State{ExitCode: 1}), time.Millisecond, "the container ended with exit code 1", 0},
		{"it never answered", slow, time.Millisecond, slow.Error(), 0},
		{"all is well", nil, time.Millisecond, "<nil>", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			docker := &container{}
			if test.after > 0 {
				docker.kills = []time.Time{time.Now().Add(test.after)}
			}
			got := Explain(t.Context(), docker, "id", test.err, limit)
			if text := fmt.Sprint(got); text != test.want || docker.looks != test.looks {
				t.Errorf("%s: got %q after %d looks, want %q after %d", test.name, text, docker.looks, test.want, test.looks)
			}
		})
	}
}

func TestMemory_IsNotWaitedForOnceThePushIsGivenUp(t *testing.T) {
	docker := &container{kills: []time.Time{time.Now().Add(time.Hour)}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	exit := Ended(engine.State{ExitCode: Killed})
	if got := Explain(ctx, docker, "id", exit, ""); !errors.Is(got, exit) || docker.looks != 1 {
		t.Errorf("got %v after %d looks, want %v after one", got, docker.looks, exit)
	}
}
