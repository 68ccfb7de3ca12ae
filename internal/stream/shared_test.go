package stream

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const readTime = 100 * time.Millisecond

// source is a fake that takes readTime and gives the number of the read.
type source struct {
	begun, cancelled atomic.Int64
	takes            time.Duration
}

func (s *source) read(ctx context.Context) ([]byte, error) {
	number := s.begun.Add(1)
	select {
	case <-time.After(s.takes):
		return strconv.AppendInt(nil, number, 10), nil
	case <-ctx.Done():
		s.cancelled.Add(1)
		return nil, ctx.Err()
	}
}

func newShared(takes, timeout time.Duration) (*shared, *source) {
	source := &source{takes: takes}
	return &shared{read: source.read, timeout: timeout}, source
}

// ask gets in the background; the channel gives what it got.
func ask(ctx context.Context, s *shared) <-chan string {
	answer := make(chan string, 1)
	go func() {
		text, err := s.get(ctx)
		if err != nil {
			text = []byte(err.Error())
		}
		answer <- string(text)
	}()
	return answer
}

func wantAnswer(t *testing.T, who string, answer <-chan string, want string) {
	t.Helper()
	if got := <-answer; got != want {
		t.Errorf("%s: got %q, want %q", who, got, want)
	}
}

func wantReads(t *testing.T, s *source, want int64) {
	t.Helper()
	if got := s.begun.Load(); got != want {
		t.Errorf("got %d reads, want %d", got, want)
	}
}

func TestShared_CallersThatComeDuringAReadGetTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(readTime, time.Minute)
		first := ask(t.Context(), s)
		pass(readTime / 2)
		var during []<-chan string
		for range 100 {
			during = append(during, ask(t.Context(), s))
		}
		wantAnswer(t, "the first", first, "1")
		for _, answer := range during {
			wantAnswer(t, "one that came during the first read", answer, "2")
		}
		wantReads(t, source, 2)
	})
}

// A thousand callers come at random times. Each notes how many reads had begun
// when it came: the one it gets must have begun later.
func TestShared_AnswersAreReadNoEarlierThanTheRequestCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(readTime, time.Minute)
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				time.Sleep(rand.N(20 * readTime))
				before := source.begun.Load()
				text, err := s.get(t.Context())
				if got, _ := strconv.ParseInt(string(text), 10, 64); err != nil || got <= before {
					t.Errorf("got read %q, %v, want one after read %d", text, err, before)
				}
			})
		}
		callers.Wait()
		if got := source.begun.Load(); got > 22 {
			t.Errorf("got %d reads for 1000 callers within 20 read times, want at most 22", got)
		}
	})
}

func TestShared_ReadsOneAtATimeAndNoneWhenNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(readTime, time.Minute)
		wantAnswer(t, "the first", ask(t.Context(), s), "1")
		pass(time.Hour)
		wantReads(t, source, 1)
		wantAnswer(t, "one an hour later", ask(t.Context(), s), "2")
	})
}

func TestShared_CallersThatLeaveDoNotCancelTheReadForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(readTime, time.Minute)
		ctx, leave := context.WithCancel(t.Context())
		first := ask(t.Context(), s)
		synctest.Wait()
		staying, leaving := ask(t.Context(), s), ask(ctx, s)
		pass(readTime + readTime/2) // half of the second read, which both wait for
		leave()
		wantAnswer(t, "who left", leaving, "context canceled")
		wantAnswer(t, "the first", first, "1")
		wantAnswer(t, "who stayed", staying, "2")
		if got := source.cancelled.Load(); got != 0 {
			t.Errorf("got %d reads cancelled, want none", got)
		}
	})
}

func TestShared_ReadThatNobodyWaitsForEndsAndTheNextStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(time.Hour, 2*time.Hour)
		ctx, leave := context.WithCancel(t.Context())
		one, two := ask(ctx, s), ask(ctx, s)
		pass(time.Minute)
		source.takes = readTime
		began := time.Now()
		next := ask(t.Context(), s)
		synctest.Wait()
		leave()
		wantAnswer(t, "one who left", one, "context canceled")
		wantAnswer(t, "the other who left", two, "context canceled")
		wantAnswer(t, "who came later", next, "2")
		if got := time.Since(began); got != readTime || source.cancelled.Load() != 1 {
			t.Errorf("got an answer after %v and %d cancelled, want %v and 1", got, source.cancelled.Load(), readTime)
		}
	})
}

func TestShared_CallersThatComeAfterAllHaveLeftAreNotCancelledWithThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newShared(readTime, time.Minute)
		ctx, leave := context.WithCancel(t.Context())
		first := ask(t.Context(), s)
		synctest.Wait()
		gone := ask(ctx, s)
		synctest.Wait()
		leave()
		wantAnswer(t, "who left", gone, "context canceled")
		wantAnswer(t, "who came later", ask(t.Context(), s), "2")
		wantAnswer(t, "the first", first, "1")
	})
}

func TestShared_ReadThatHangsHoldsUpOthersForItsTimeoutOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(time.Hour, 5*time.Second)
		began := time.Now()
		first := ask(t.Context(), s)
		pass(time.Second)
		source.takes = readTime
		next := ask(t.Context(), s)
		wantAnswer(t, "the first", first, "context deadline exceeded")
		wantAnswer(t, "the next", next, "2")
		if got, want := time.Since(began), 5*time.Second+readTime; got != want {
			t.Errorf("got the next answer after %v, want %v", got, want)
		}
	})
}

func TestShared_CallersGetTheErrorOfTheirRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("no route")
		s, _ := newShared(0, time.Minute)
		s.read = func(context.Context) ([]byte, error) { return nil, failure }
		for range 3 {
			wantAnswer(t, "a caller", ask(t.Context(), s), failure.Error())
		}
	})
}

// Two who ask again as soon as they are answered, one of them out of step.
func TestShared_CallersThatReturnAtOnceShareTheNextRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, source := newShared(readTime, time.Minute)
		s.gather = time.Hour // would show if it waited longer than for the two
		first := ask(t.Context(), s)
		pass(readTime / 2)
		second := ask(t.Context(), s)
		began := time.Now()
		wantAnswer(t, "the first", first, "1")
		for read := 2; read <= 10; read++ {
			first = ask(t.Context(), s)
			wantAnswer(t, "the first", first, strconv.Itoa(read))
			wantAnswer(t, "the second", second, strconv.Itoa(read))
			second = ask(t.Context(), s)
		}
		wantReads(t, source, 10)
		if got, want := time.Since(began), 9*readTime+readTime/2; got != want {
			t.Errorf("got ten reads in %v, want %v", got, want)
		}
		wantAnswer(t, "the second, asking alone", second, "11")
		pass(2 * s.gather)
	})
}

func TestShared_CallersThatDoNotReturnHoldUpOthersForTheGatheringOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newShared(readTime, time.Minute)
		s.gather = gatherTime
		began := time.Now()
		first := ask(t.Context(), s)
		pass(readTime / 2)
		second := ask(t.Context(), s)
		wantAnswer(t, "the first", first, "1")
		wantAnswer(t, "the second", second, "2")
		if got, want := time.Since(began), 2*readTime+gatherTime; got != want {
			t.Errorf("got the second answer after %v, want %v", got, want)
		}
		pass(2 * s.gather)
	})
}
