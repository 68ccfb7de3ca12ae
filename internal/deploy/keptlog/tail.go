package keptlog

import "bytes"

// tail keeps the last bytes that are written to it.
type tail struct {
	bytes int
	kept  []byte
	cut   bool // something was dropped
}

func (t *tail) Write(text []byte) (int, error) {
	t.kept = append(t.kept, text...)
	if len(t.kept) > 2*t.bytes {
		t.shorten()
	}
	return len(text), nil
}

func (t *tail) shorten() {
	if over := len(t.kept) - t.bytes; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
}

// lines returns what was kept, from the start of a line.
func (t *tail) lines() []byte {
	t.shorten()
	if !t.cut {
		return t.kept
	}
	_, rest, _ := bytes.Cut(t.kept, []byte("\n"))
	return rest
}
