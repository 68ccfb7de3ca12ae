package fleet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func TestTakeGuess_BoundsAllAddressesTogether(t *testing.T) {
	l := open(t)
	start := time.Now()
	taken := 0
	for i := range 60 { // from as many addresses
		err := l.TakeGuess(t.Context(), fmt.Sprint("192.0.2.", i), false)
		if err == nil {
			taken++
		} else if !errors.Is(err, fleet.ErrTooManyGuesses) {
			t.Fatal(err)
		}
	}
	if most := 20 + int(time.Since(start)/(200*time.Millisecond)) + 1; taken < 20 || taken > most {
		t.Errorf("60 guesses in %v: got %d looked at, want 20 to %d", time.Since(start), taken, most)
	}
}

func TestTakeGuess_CountsNoRightOne(t *testing.T) {
	l := open(t)
	results := make(chan error)
	for range 100 { // at once
		go func() { results <- l.TakeGuess(t.Context(), "192.0.2.1", true) }()
	}
	for range 100 {
		if err := <-results; err != nil {
			t.Fatalf("a right guess: %v", err)
		}
	}
	for i := range 5 {
		if err := l.TakeGuess(t.Context(), "192.0.2.1", false); err != nil {
			t.Fatalf("wrong guess %d after them: %v", i, err)
		}
	}
}

func TestTakeGuess_RefusesARightOneAmongTooManyWrongOnes(t *testing.T) {
	cli := redistest.Open(t)
	l := fleet.Open(fleet.Redis{Address: cli.Address}, fleet.Site{})
	defer l.Close()
	for i := range 2 {
		_, err := cli.Set(t.Context(), "deux:guesses:"+[]string{"192.0.2.1", "all"}[i], time.Now().Add(time.Hour).UnixMicro(), 0).Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"192.0.2.1", "192.0.2.2"}[:i+1] {
			for _, isRight := range []bool{true, false} {
				if err := l.TakeGuess(t.Context(), address, isRight); !errors.Is(err, fleet.ErrTooManyGuesses) {
					t.Errorf("from %s, right %v: got %v, want ErrTooManyGuesses", address, isRight, err)
				}
			}
		}
	}
}

func TestSession_HasEndedOnceItIsSaidSo(t *testing.T) {
	l := open(t)
	if err := l.EndSession(t.Context(), "one", time.Minute); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"one": true, "two": false} {
		if got, err := l.SessionEnded(t.Context(), id); err != nil || got != want {
			t.Errorf("SessionEnded(%s): got %v, %v, want %v", id, got, err, want)
		}
	}
	if !fleet.Reserved("deux:ended:one") {
		t.Error(`Reserved("deux:ended:one"): got false, want true: /set would end sessions`)
	}
}

func TestImages_AreRefusedWhenTogetherTheyTakeTooMuch(t *testing.T) {
	l := open(t)
	const limit = 1 << 20
	picture := strings.Repeat("a", 300<<10)
	stored := 0
	for ; l.AddImage(t.Context(), picture, 100, limit) == nil; stored++ {
	}
	if stored < 2 || stored > 3 {
		t.Errorf("of 300 KiB in 1 MiB: got %d stored, want 3, or 2 where Redis allots more", stored)
	}
	if err := l.AddImage(t.Context(), picture, 100, limit); !errors.Is(err, fleet.ErrImagesTooLarge) {
		t.Errorf("one more: got %v, want ErrImagesTooLarge", err)
	}
	if _, err := l.TakeImage(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.AddImage(t.Context(), picture, 100, limit); err != nil {
		t.Errorf("after one was taken: got %v, want it stored", err)
	}
}

func TestImages_AtOnceTakeNoMoreThanMayBe(t *testing.T) {
	l := open(t)
	results := make(chan error)
	for range 20 {
		go func() { results <- l.AddImage(t.Context(), strings.Repeat("a", 300<<10), 5, 1<<20) }()
	}
	stored := 0
	for range 20 {
		if <-results == nil {
			stored++
		}
	}
	if stored < 2 || stored > 3 {
		t.Errorf("20 at once: got %d stored, want 3, or 2 where Redis allots more", stored)
	}
}

// The limit looks at the pictures for each one that comes: it must not read them.
func BenchmarkAddImage_BesideSixtyMebibytes(b *testing.B) {
	l := open(b)
	large := strings.Repeat("a", 1<<20)
	for range 60 {
		if err := l.AddImage(b.Context(), large, 1000, 1<<30); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := l.AddImage(b.Context(), "small", 1<<30, 1<<30); err != nil {
			b.Fatal(err)
		}
		if _, err := l.TakeImage(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
