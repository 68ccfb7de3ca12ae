package protocol

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
)

// message is a request or an answer. Its body can be read in pieces.
type message struct {
	start    string
	fields   []field
	trailers []field // known once the body has ended

	in   *bufio.Reader
	kind framing
	left int64 // of the Content-Length, or of the chunk
	over bool

	inChunks bool // past the first chunk's size
}

type field struct{ name, value string }

func (f field) String() string { return f.name + ": " + f.value }

// framing says how the end of a body is found (RFC 9112 section 6.3).
type framing int

const (
	noBody framing = iota
	byLength
	byChunks
	toTheEnd
)

// readHead reads as much of a message as comes before its body. It takes only
// what RFC 9112 says a sender must generate. An answer to HEAD has no body,
// whatever its fields say.
func readHead(in *bufio.Reader, toHead bool) (*message, error) {
	start, err := readLine(in)
	if err != nil {
		return nil, err
	}
	m := &message{start: start, in: in}
	if m.fields, err = readFields(in); err != nil {
		return m, fmt.Errorf("in the head of %q: %w", start, err)
	}
	if !toHead {
		err = m.frame()
	}
	m.over = m.kind == noBody
	return m, err
}

// readLine reads a line that ends with CRLF and has no other CR or LF.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		if line != "" && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if line != "" {
			err = fmt.Errorf("after %q: %w", line, err)
		}
		return "", err
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok || strings.Contains(text, "\r") {
		return "", fmt.Errorf("bad line end in %q", line)
	}
	return text, nil
}

func readFields(in *bufio.Reader) ([]field, error) {
	var fields []field
	for {
		line, err := readLine(in)
		if err != nil {
			return fields, eofIsEarly(err)
		}
		if line == "" {
			return fields, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return fields, fmt.Errorf("bad field line %q", line)
		}
		fields = append(fields, field{name, strings.Trim(value, " \t")})
	}
}

func eofIsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (m *message) frame() error {
	lengths, codings := m.values("Content-Length"), m.values("Transfer-Encoding")
	isAnswer, status := m.status()
	switch {
	case len(lengths)+len(codings) > 1:
		return fmt.Errorf("%q is framed by Content-Length %q and Transfer-Encoding %q", m.start, lengths, codings)
	case isAnswer && (status < 200 || status == 204):
		if len(lengths)+len(codings) > 0 {
			return fmt.Errorf("%q has Content-Length %q, Transfer-Encoding %q", m.start, lengths, codings)
		}
	case isAnswer && status == 304:
	case len(codings) == 1 && codings[0] != "chunked":
		return fmt.Errorf("Transfer-Encoding %q", codings[0])
	case len(codings) == 1:
		m.kind = byChunks
	case len(lengths) == 1:
		length, err := strconv.ParseUint(lengths[0], 10, 62)
		if err != nil {
			return fmt.Errorf("Content-Length %q", lengths[0])
		}
		m.left = int64(length)
		m.kind = byLength
	case isAnswer:
		m.kind = toTheEnd
	}
	return nil
}

// status returns the status of an answer.
func (m *message) status() (isAnswer bool, status int) {
	rest, isAnswer := strings.CutPrefix(m.start, "HTTP/1.")
	if _, after, ok := strings.Cut(rest, " "); ok && isAnswer && len(after) >= 3 {
		status, _ = strconv.Atoi(after[:3])
	}
	return isAnswer, status
}

func (m *message) values(name string) []string {
	var values []string
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// ended reports whether nothing of the message is left to read.
func (m *message) ended() bool { return m.over || m.kind == byLength && m.left == 0 }

// readBody returns the next n bytes of the body, or fewer with the error that
// ended them: io.EOF at the body's end, io.ErrUnexpectedEOF before it.
func (m *message) readBody(n int) (string, error) {
	var body strings.Builder
	for body.Len() < n {
		c, err := m.readByte()
		if err != nil {
			return body.String(), err
		}
		body.WriteByte(c)
	}
	return body.String(), nil
}

// readRest returns the body from here to its end, and reads the trailers.
func (m *message) readRest() (string, error) {
	var body strings.Builder
	for {
		c, err := m.readByte()
		if err == io.EOF {
			return body.String(), nil
		}
		if err != nil {
			return body.String(), err
		}
		body.WriteByte(c)
	}
}

func (m *message) readByte() (byte, error) {
	m.over = m.ended()
	if m.kind == byChunks && m.left == 0 && !m.over {
		if err := m.nextChunk(); err != nil {
			return 0, err
		}
	}
	if m.over {
		return 0, io.EOF
	}
	c, err := m.in.ReadByte()
	if m.kind == toTheEnd {
		m.over = err == io.EOF
		return c, err
	}
	m.left--
	return c, eofIsEarly(err)
}

// nextChunk reads what stands between the data of two chunks, or behind the
// last one's.
func (m *message) nextChunk() error {
	if m.inChunks {
		if line, err := readLine(m.in); err != nil || line != "" {
			return cmp.Or(eofIsEarly(err), fmt.Errorf("%q behind a chunk", line))
		}
	}
	m.inChunks = true
	line, err := readLine(m.in)
	if err != nil {
		return eofIsEarly(err)
	}
	size, err := strconv.ParseUint(line, 16, 62)
	if err != nil {
		return fmt.Errorf("chunk size %q", line)
	}
	m.left = int64(size)
	if size == 0 {
		m.trailers, err = readFields(m.in)
		m.over = err == nil
	}
	return err
}

func TestMessage_IsTakenOnlyAsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc":                                     "abc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n": "abc",
		"HTTP/1.1 200 OK\r\n\r\nabc":                                                          "abc",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n":  "abc",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n":                              "",
		"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n":                                         "",
	} {
		if _, body, err := parseMessage(text, false, false); err != nil || body != want {
			t.Errorf("%q: got body %q, %v, want %q", text, body, err, want)
		}
	}
	for _, text := range []string{
		"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
	} {
		if m, body, err := parseMessage(text, false, false); err == nil {
			t.Errorf("%q: got %q with body %q, want an error", text, m.fields, body)
		}
	}
}
