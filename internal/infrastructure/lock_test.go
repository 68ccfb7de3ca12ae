package infrastructure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTakeLock_LetsOnePollerInAndFreesWithIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(path); err == nil || !strings.Contains(err.Error(), "another infrastructure runs") {
		t.Errorf("a second poller: got %v, want a refusal", err)
	}
	first.Close()
	again, err := takeLock(path)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	again.Close()
}

func TestRuns_IsSoWhileAPollerHoldsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if Runs(path) {
		t.Error("without a lock file: got that one runs")
	}
	lock, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if !Runs(path) {
		t.Error("while the lock is held: got that none runs")
	}
	lock.Close()
	if Runs(path) {
		t.Error("after the lock was dropped: got that one runs")
	}
}

func TestSince_IsWhenTheLastPollerTookTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if got := Since(path); !got.IsZero() {
		t.Errorf("without a lock file: got %v, want zero", got)
	}
	if err := os.WriteFile(path, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, before, before); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	lock, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if got := Since(path); got.Before(start.Add(-time.Second)) || got.After(time.Now()) {
		t.Errorf("got %v, want %v", got, start)
	}
}
