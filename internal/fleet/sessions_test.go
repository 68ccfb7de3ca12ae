package fleet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
)

func TestTakeGuess_BoundsAllAddressesTogether(t *testing.T) {
	l := open(t)
	start := time.Now()
	taken := 0
	for i := range 60 { // from as many addresses
		err := l.TakeGuess(t.Context(), fmt.Sprint("192.0.2.", i))
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

func TestForgetGuess_MakesRoomForAnother(t *testing.T) {
	l := open(t)
	for i := range 30 {
		if err := l.TakeGuess(t.Context(), "192.0.2.1"); err != nil {
			t.Fatalf("right guess %d: %v", i, err)
		}
		if err := l.ForgetGuess(t.Context(), "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.ForgetGuess(t.Context(), "192.0.2.2"); err != nil {
		t.Errorf("of an address without any: %v", err)
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
