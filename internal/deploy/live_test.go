package deploy

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestLive_ShowsTheSecondsOfAStepUntilTheNextLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		live := NewLive(&terminal, 30)
		fmt.Fprint(live, "==> Pulling localhost:5000/blue-registry\n")
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		fmt.Fprint(live, "    pull took 2.5 s\n")
		fmt.Fprint(live, "==> Running\n")
		live.Close()
		want := "\r\x1b[K==> Pulling localhost:5000/b…" +
			"\r\x1b[K==> Pulling localhost:5…  1 s" +
			"\r\x1b[K==> Pulling localhost:5…  2 s" +
			"\r\x1b[K==> Pulling localhost:5000/blue-registry\n" +
			"    pull took 2.5 s\n" +
			"\r\x1b[K==> Running\r\x1b[K==> Running\n"
		if got := terminal.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestLive_PassesOnWhatIsNoStep(t *testing.T) {
	var terminal bytes.Buffer
	live := NewLive(&terminal, 80)
	defer live.Close()
	for _, text := range []string{"half a line", "==> two\nlines\n", "==> no end", "\n"} {
		terminal.Reset()
		if _, err := io.WriteString(live, text); err != nil || terminal.String() != text {
			t.Errorf("%q: got %q, %v, want it as it is", text, terminal.String(), err)
		}
	}
}

// terminal is one that is closed after so many writes.
type terminal struct {
	bytes.Buffer
	left int
}

func (c *terminal) Write(text []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return c.Buffer.Write(text)
}

func TestLive_SaysThatTheTerminalIsGone(t *testing.T) {
	for left, want := range map[int]string{0: "", 1: "\r\x1b[K==> Building"} {
		gone := &terminal{left: left}
		live := NewLive(gone, 80)
		var failed int
		for _, text := range []string{"==> Building\n", "Step 1\n", "==> Running\n"} {
			if _, err := io.WriteString(live, text); err != nil {
				failed++
			}
		}
		if failed != 3-left || gone.String() != want {
			t.Errorf("gone after %d writes: got %d failures and %q, want %d and %q", left, failed, gone, 3-left, want)
		}
		_ = live.Close()
	}
}

func TestLive_CountsNoSecondsBetweenSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		live := NewLive(&screen, 3)
		time.Sleep(1500 * time.Millisecond)
		fmt.Fprint(live, "==> Building\n")
		fmt.Fprint(live, "Step 1\n")
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if want := "\r\x1b[K=…\r\x1b[K==> Building\nStep 1\n"; screen.String() != want {
			t.Errorf("got %q, want %q", screen.String(), want)
		}
		if err := live.Close(); err != nil {
			t.Errorf("closing it: %v", err)
		}
		time.Sleep(1500 * time.Millisecond) // the bubble ends: nothing of it still runs
	})
}
