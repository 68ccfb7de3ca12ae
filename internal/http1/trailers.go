package http1

import (
	"bytes"
)

// hasTrailers reports whether the whole trailer section, which starts skip bytes
// further on, is in the buffer.
func (b *Body) hasTrailers(skip int) bool {
	rest := b.reader.buffer[b.reader.start+skip : b.reader.end]
	return bytes.HasPrefix(rest, []byte("\r\n")) || bytes.Contains(rest, []byte("\r\n\r\n"))
}

func (b *Body) readTrailers() error {
	end, err := b.reader.block(maxTrailers, false, false)
	if err == errLongHead || err == errLongTarget {
		return errTrailerFields
	}
	if err != nil {
		return err
	}
	lines := b.reader.buffer[b.reader.start:end]
	b.reader.start = end
	b.Trailers, err = parseFields(b.Trailers, lines, maxTrailerFields, false)
	if err == errManyFields {
		return errTrailerFields
	}
	return err
}

// AppendTrailers appends the trailers that may be passed on, and the line that
// ends them. A field that frames, routes, authenticates or says how to read the
// body must not come this late (RFC 9110 section 6.5.1).
func (b *Body) AppendTrailers(to []byte) []byte {
	for _, field := range b.Trailers {
		if field.Role == EndToEnd && !isForbiddenTrailer(field.Name) {
			to = AppendField(to, field)
		}
	}
	return append(to, '\r', '\n')
}

func isForbiddenTrailer(name []byte) bool {
	var folded [32]byte
	if len(name) > len(folded) {
		return false
	}
	for i, c := range name {
		folded[i] = lower(c)
	}
	switch string(folded[:len(name)]) {
	case "authorization", "cookie", "set-cookie", "content-type", "content-encoding", "content-range",
		"trailer", "expect", "max-forwards", "cache-control", "range", "www-authenticate",
		"pragma", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range",
		"age", "expires", "date", "location", "retry-after", "vary", "warning":
		return true
	}
	return false
}
