package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// events returns what a log in text form says, without times.
func events(log *bytes.Buffer) (all []string) {
	for line := range strings.Lines(log.String()) {
		_, event, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, event)
	}
	return all
}

func TestOutage_IsSaidOnceAndItsEndOnce(t *testing.T) {
	var log bytes.Buffer
	redis := NewOutage(slog.New(slog.NewTextHandler(&log, nil)), "Redis")
	left := fmt.Errorf("reading: %w", context.Canceled)
	for _, err := range []error{nil, left, errors.New("one"), errors.New("two"), left, nil, nil, errors.New("three")} {
		redis.Note(err)
	}
	want := []string{`level=WARN msg="Redis is away" error=one`, `level=INFO msg="Redis is back"`, `level=WARN msg="Redis is away" error=three`}
	if got := events(&log); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutage_IsOnUntilItIsOver(t *testing.T) {
	redis := NewOutage(slog.New(slog.DiscardHandler), "Redis")
	for _, step := range []struct {
		err  error
		isOn bool
	}{{nil, false}, {context.Canceled, false}, {errors.New("refused"), true}, {context.Canceled, true}, {nil, false}} {
		if redis.Note(step.err); redis.IsOn() != step.isOn {
			t.Errorf("after %v: got on %v, want %v", step.err, redis.IsOn(), step.isOn)
		}
	}
}
