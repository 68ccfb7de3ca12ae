package program

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// heeded returns the limit that Go has after heedMemoryLimit read that text.
func heeded(t *testing.T, text string) int64 {
	t.Helper()
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	file := filepath.Join(t.TempDir(), "limit")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	heedMemoryLimit([]string{file + ".missing", file})
	return debug.SetMemoryLimit(-1)
}

func TestHeedMemoryLimit_LeavesATenthToWhatIsNotGos(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	if got, want := heeded(t, "100000000\n"), int64(90_000_000); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestHeedMemoryLimit_ChangesNothingWithoutALimit(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	want := debug.SetMemoryLimit(-1)
	for _, text := range []string{"max\n", "9223372036854771712\n", "", "0"} {
		if got := heeded(t, text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestHeedMemoryLimit_LeavesGOMEMLIMITAlone(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "1GiB")
	want := debug.SetMemoryLimit(-1)
	if got := heeded(t, "100000000\n"); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}
