package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

// leaver is a pusher who reads so many writes and then goes away.
type leaver struct {
	bytes.Buffer
	reads int
	tried int
}

func (l *leaver) Write(text []byte) (int, error) {
	if l.tried++; l.tried > l.reads {
		return 0, errors.New("broken pipe")
	}
	return l.Buffer.Write(text)
}

func TestOutput_OfAPusherWhoGoesAwaySaysSoOnceAndNeverFails(t *testing.T) {
	pusher, gone := &leaver{reads: 1}, 0
	out := &output{to: pusher, gone: func() { gone++ }}
	for i := range 5 {
		if n, err := fmt.Fprintf(out, "line %d\n", i); n != len("line 0\n") || err != nil {
			t.Errorf("line %d: got %d, %v, want it to pass for written: a build must not fail for it", i, n, err)
		}
	}
	if gone != 1 || pusher.tried != 2 || pusher.String() != "line 0\n" {
		t.Errorf("got gone %d times after %d writes of %q, want once, after the second", gone, pusher.tried, pusher)
	}
}

func TestOutput_NamesStepsAndTheTimeOfThoseThatWereNoticed(t *testing.T) {
	var read bytes.Buffer
	out := &output{to: &read, gone: func() { t.Error("nobody has gone") }}
	out.step("Building %s", "blue")
	out.took("checkout", noticed-time.Millisecond)
	out.took("build", noticed)
	out.took("run", 12345*time.Millisecond)
	if got, want := read.String(), "==> Building blue\n    build took 0.1 s\n    run took 12.3 s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
