package layers

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"time"
)

// Output passes a build's output on, and remembers its last line and the ids
// that the classic builder prints.
type Output struct {
	to       io.Writer
	list     List
	revision string
	started  time.Time
	partial  []byte // of the line that is being printed
	returns  int    // carriage returns that were not passed on yet
	last     string // the last line that was not empty
}

// Watch returns what the build of a revision is to write to.
func (l List) Watch(to io.Writer, revision string, started time.Time) *Output {
	return &Output{to: to, list: l, revision: revision, started: started}
}

// Last returns the last line that was not empty, without space around it.
func (o *Output) Last() string { return o.last }

// printedID matches the line in which the classic builder prints an image's id.
var printedID = regexp.MustCompile(`^ ---> ([0-9a-f]{12})$`)

// longLine is how many bytes of a line are remembered.
const longLine = 4 << 10

// Write passes a part of the output on, without the carriage returns at the ends
// of lines, because git makes an empty line of each. The error is the receiver's.
func (o *Output) Write(text []byte) (int, error) {
	for rest := text; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := longLine - len(o.partial); room > 0 {
			o.partial = append(o.partial, line[:min(len(line), room)]...)
		}
		if whole {
			o.line(string(o.partial))
			o.partial = o.partial[:0]
		}
		rest = after
	}
	if _, err := o.to.Write(o.withoutReturns(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// withoutReturns holds carriage returns back until it is known whether their line
// ends with them.
func (o *Output) withoutReturns(text []byte) []byte {
	kept := make([]byte, 0, len(text)+o.returns)
	for _, c := range text {
		switch {
		case c == '\r':
			o.returns++
			continue
		case c != '\n':
			kept = append(kept, bytes.Repeat([]byte{'\r'}, o.returns)...)
		}
		o.returns = 0
		kept = append(kept, c)
	}
	return kept
}

func (o *Output) line(line string) {
	if match := printedID.FindStringSubmatch(line); match != nil {
		_ = o.list.add(layer{o.started, o.revision, match[1]})
	}
	if line = strings.TrimSpace(line); line != "" {
		o.last = line
	}
}
