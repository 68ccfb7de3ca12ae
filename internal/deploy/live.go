package deploy

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// Live passes a command's output on to a terminal, and counts the seconds after
// the line of the current step until more output comes.
type Live struct {
	mu      sync.Mutex
	to      io.Writer
	width   int
	step    []byte // the line of the current step, without its end; nil for none
	started time.Time
	ends    chan struct{}
}

// NewLive returns a Live on a terminal of that many columns. Close ends it.
func NewLive(to io.Writer, width int) *Live {
	l := &Live{to: to, width: width, ends: make(chan struct{})}
	go l.run()
	return l
}

// Write implements io.Writer.
func (l *Live) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.settle(); err != nil {
		return 0, err
	}
	if !isStep(text) {
		return l.to.Write(text)
	}
	l.step, l.started = bytes.Clone(text[:len(text)-1]), time.Now()
	return len(text), l.show("")
}

// Close ends the line of the last step.
func (l *Live) Close() error {
	close(l.ends)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settle()
}

// isStep reports whether the text is one line that names a step.
func isStep(text []byte) bool {
	return bytes.HasPrefix(text, []byte("==> ")) && bytes.IndexByte(text, '\n') == len(text)-1
}

// settle writes the line of the current step as it would look without a terminal.
func (l *Live) settle() error {
	if l.step == nil {
		return nil
	}
	_, err := fmt.Fprintf(l.to, "\r\x1b[K%s\n", l.step)
	l.step = nil
	return err
}

// show writes the current step in one row, so that the next can replace it.
func (l *Live) show(seconds string) error {
	row := shorten(string(l.step), l.width-1-len(seconds))
	_, err := fmt.Fprintf(l.to, "\r\x1b[K%s%s", row, seconds)
	return err
}

func (l *Live) run() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-l.ends:
			return
		case <-second.C:
			l.tick()
		}
	}
}

// tick writes how long the step has taken so far. If the terminal is gone, the
// next Write says so.
func (l *Live) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.step != nil {
		_ = l.show(fmt.Sprintf("  %.0f s", time.Since(l.started).Seconds()))
	}
}
