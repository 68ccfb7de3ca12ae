package http1

import (
	"bytes"
	"io"
)

const (
	// firstBuffer is the initial size of a connection's buffer, in bytes. Most
	// heads, and many whole answers, are shorter.
	firstBuffer = 4 << 10
	// maxRead is how much a buffer may hold after a head, in bytes.
	maxRead = 4 << 10
)

// Reader reads messages from one connection. A head stays in the buffer, and
// valid, until Next; what follows is stored after it.
type Reader struct {
	source     io.Reader
	buffer     []byte
	kept       int // end of the head that must stay
	start, end int // bounds of what is read and not yet used
}

// Reset makes the reader read from source, with an empty buffer.
func (r *Reader) Reset(source io.Reader) {
	if r.buffer == nil {
		r.buffer = make([]byte, firstBuffer)
	}
	r.source, r.kept, r.start, r.end = source, 0, 0, 0
}

// Buffered returns how many bytes are read and not used.
func (r *Reader) Buffered() int { return r.end - r.start }

// Take uses the next n bytes that are read, and returns them. They stay valid
// until the next read.
func (r *Reader) Take(n int) []byte {
	taken := r.buffer[r.start : r.start+n]
	r.start += n
	return taken
}

// Next ends a message: its head and body are used up, and what follows them moves
// to the front of the buffer.
func (r *Reader) Next() {
	r.end = copy(r.buffer, r.buffer[r.start:r.end])
	r.start, r.kept = 0, 0
	if len(r.buffer) > 4*firstBuffer && r.end <= firstBuffer {
		r.buffer = append(make([]byte, 0, firstBuffer), r.buffer[:r.end]...)[:firstBuffer]
	}
}

// Wait returns when there is something to read, or with the connection's error.
func (r *Reader) Wait() error {
	if r.Buffered() > 0 {
		return nil
	}
	return r.fill(len(r.buffer))
}

// fill reads once more, into a buffer of at most limit bytes.
func (r *Reader) fill(limit int) error {
	if r.start == r.end {
		r.start, r.end = r.kept, r.kept
	}
	if r.end == len(r.buffer) {
		r.makeRoom(limit)
	}
	n, err := r.source.Read(r.buffer[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func (r *Reader) makeRoom(limit int) {
	if r.start > r.kept {
		r.end = r.kept + copy(r.buffer[r.kept:], r.buffer[r.start:r.end])
		r.start = r.kept
		return
	}
	grown := make([]byte, min(2*len(r.buffer), max(limit, len(r.buffer)+maxRead)))
	copy(grown, r.buffer[:r.end])
	r.buffer = grown
}

// Errors of a head.
var (
	errBareLF     = bad("A line ends with a bare LF")
	errBareCR     = bad("There is a bare CR")
	errNotHTTP    = bad("This is not an HTTP request")
	errLongTarget = &Error{414, "The request target is too long"}
	errLongHead   = &Error{431, "The head is too long"}
)

// Head reads a head, including the empty line that ends it, and keeps it until
// Next. Every line must end with CR LF: a gateway that accepts LF alone, as RFC
// 9112 section 2.2 allows, sees lines where another sees none. If the connection
// ends before the first byte, Head returns io.EOF, later io.ErrUnexpectedEOF.
//
// With request set it skips an empty line before the head (RFC 9112 section 2.2)
// and gives up on the first byte that cannot start a request.
func (r *Reader) Head(limits Limits, request bool) ([]byte, error) {
	end, err := r.block(limits.Head, request, true)
	if err != nil {
		return nil, err
	}
	head := r.buffer[r.start:end]
	r.start, r.kept = end, end
	return head, nil
}

// block finds the end of lines that end with an empty one.
func (r *Reader) block(limit int, request, unstarted bool) (end int, err error) {
	line := 0 // where the line starts, counted from start
	skipped := 0
	for {
		rest := r.buffer[r.start+line : r.end]
		if request && line == 0 && len(rest) > 0 && !isToken[rest[0]] && rest[0] != '\r' {
			return 0, errNotHTTP
		}
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			switch {
			case i == 0 || rest[i-1] != '\r':
				return 0, errBareLF
			case i > 1 && rest[0] == '\r':
				return 0, errBareCR
			case i == 1 && line == 0 && request:
				if skipped++; skipped > 1 {
					return 0, errNotHTTP
				}
				r.start += 2
			case i == 1:
				return r.start + line + 2, nil
			default:
				line += i + 1
			}
			if line > limit {
				return 0, errLongHead
			}
			continue
		}
		if err := r.more(limit, line, unstarted); err != nil {
			return 0, err
		}
	}
}

// more reads on in a head whose current line starts at line.
func (r *Reader) more(limit, line int, unstarted bool) error {
	have := r.Buffered()
	if have > limit {
		if line == 0 {
			return errLongTarget
		}
		return errLongHead
	}
	err := r.fill(r.kept + limit + maxRead)
	if err == io.EOF && !(unstarted && have == 0) {
		return io.ErrUnexpectedEOF
	}
	return err
}
