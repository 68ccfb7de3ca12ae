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
