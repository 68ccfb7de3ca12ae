package infrastructure

import (
	"path/filepath"
	"testing"
)

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
