package redistest

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
)

// message is a command or an answer.
type message struct {
	raw   []byte
	words []string // its strings, in order
}

// reader reads messages (Redis, "Redis serialization protocol specification",
// versions 2 and 3).
type reader struct{ *bufio.Reader }

func newReader(from io.Reader) reader { return reader{bufio.NewReader(from)} }

func (r reader) read() (message, error) {
	var whole message
	err := r.readValue(&whole)
	return whole, err
}

// readValue adds a value, and the values in it, to the message.
func (r reader) readValue(whole *message) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	whole.raw = append(whole.raw, line...)
	n, _ := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	switch line[0] {
	case '$', '=', '!': // strings, with their lengths; -1 for none
		return r.readString(whole, n)
	case '%': // pairs
		n *= 2
	case '*', '~', '>':
	default:
		return nil // all in one line
	}
	for range max(n, 0) {
		if err := r.readValue(whole); err != nil {
			return err
		}
	}
	return nil
}

func (r reader) readString(whole *message, length int) error {
	if length < 0 {
		return nil
	}
	text := make([]byte, length+len("\r\n"))
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	whole.raw = append(whole.raw, text...)
	whole.words = append(whole.words, string(text[:length]))
	return nil
}
