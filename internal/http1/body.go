package http1

import (
	"bytes"
	"io"
)

// Body reads the body of one message.
type Body struct {
	Trailers []Field // after a chunked body, once Read has returned io.EOF

	reader   *Reader
	framing  Framing
	left     int64 // bytes until the end of the body, or of the chunk
	started  bool  // the size of the first chunk has been read
	ended    bool
	overhead int // bytes of chunk extensions so far

	limit, said int64 // bytes that the body may have, 0 for any, and bytes announced by its chunks
}

const (
	// maxTrailers bounds a trailer section, in bytes.
	maxTrailers = 8 << 10
	// maxTrailerFields bounds its fields.
	maxTrailerFields = 64
	// maxChunkLine bounds a chunk's size with its extensions, in bytes.
	maxChunkLine = 1 << 10
	// maxOverhead bounds all extensions of a body, in bytes: a client may have
	// reasons to send single bytes as chunks, but none for pages of extensions.
	maxOverhead = 16 << 10
)

// ErrTooLarge means that a body exceeds its limit (RFC 9110 section 15.5.14).
var ErrTooLarge = &Error{413, "The body is too large"}

// Errors of a chunked body.
var (
	errChunkSize = bad("A chunk size is not a hexadecimal number")
	errChunkEnd  = bad("A chunk does not end with CR LF")
	errChunkLine = bad("A chunk extension is malformed or too long")
)

// Begin makes the body read a message with that framing, whose head reader has
// just read.
func (b *Body) Begin(reader *Reader, framing Framing) {
	*b = Body{Trailers: b.Trailers[:0], reader: reader, framing: framing, left: framing.Length}
	b.ended = framing.Kind == Empty || framing.Kind == Sized && framing.Length == 0
}

// Limit bounds a chunked body: if its chunks announce more bytes, it is refused
// with ErrTooLarge before they arrive. 0 means no bound. The size of a Sized body
// is in its head, for the caller to judge.
func (b *Body) Limit(bytes int64) { b.limit = bytes }

// Ended reports whether the whole body has been read.
func (b *Body) Ended() bool { return b.ended }

// Read reads what has arrived of the body, and waits only if nothing has. It
// returns io.EOF with the last bytes if the end is known by then. A body that is
// cut short ends with io.ErrUnexpectedEOF, a malformed one with an Error.
func (b *Body) Read(to []byte) (n int, err error) {
	if b.ended {
		return 0, io.EOF
	}
	if b.framing.Kind == Chunked {
		return b.readChunks(to)
	}
	if b.framing.Kind == Sized && int64(len(to)) > b.left {
		to = to[:b.left]
	}
	n, err = b.readRaw(to)
	if b.framing.Kind == UntilClose {
		b.ended = err == io.EOF
		return n, err
	}
	if b.left -= int64(n); b.left == 0 {
		b.ended = true
		return n, io.EOF
	}
	return n, cut(err)
}

// cut turns the end of a connection into the error that it is for a message.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readRaw reads from the buffer or, if that is empty, straight from the
// connection.
func (b *Body) readRaw(to []byte) (int, error) {
	if b.reader.Buffered() == 0 {
		return b.reader.source.Read(to)
	}
	n := copy(to, b.reader.buffer[b.reader.start:b.reader.end])
	b.reader.start += n
	return n, nil
}

func (b *Body) readChunks(to []byte) (n int, err error) {
	for n < len(to) {
		if b.left > 0 {
			if n > 0 && b.reader.Buffered() == 0 {
				return n, nil
			}
			read, err := b.readRaw(to[n:min(len(to), n+int(min(b.left, 1<<30)))])
			n += read
			b.left -= int64(read)
			if err != nil {
				return n, cut(err)
			}
			continue
		}
		ended, err := b.nextChunk(n > 0)
		if err == errNotYet {
			return n, nil
		}
		if err != nil {
			return n, cut(err)
		}
		if ended {
			b.ended = true
			return n, io.EOF
		}
	}
	return n, nil
}

// errNotYet means that the next part has not fully arrived.
var errNotYet = bad("not yet")

// nextChunk reads from the end of one chunk to the data of the next, or to the
// end of the body. With peek set it does so only if it need not wait.
func (b *Body) nextChunk(peek bool) (ended bool, err error) {
	skip := 0
	if b.started {
		skip = 2 // the CR LF after the data
	}
	text, err := b.chunkLine(skip, peek)
	if err != nil {
		return false, err
	}
	size, err := b.parseSize(text[skip:])
	if err != nil {
		return false, err
	}
	if size == 0 {
		if peek && !b.hasTrailers(len(text)+2) {
			return false, errNotYet
		}
		b.reader.start += len(text) + 2
		return true, b.readTrailers()
	}
	if b.said += size; b.limit > 0 && (b.said > b.limit || b.said < 0) {
		return false, ErrTooLarge
	}
	b.reader.start += len(text) + 2
	b.started, b.left = true, size
	return false, nil
}

// chunkLine returns the bytes up to the CR LF that ends the next size, including
// the skip bytes before it, which it checks.
func (b *Body) chunkLine(skip int, peek bool) ([]byte, error) {
	for {
		have := b.reader.buffer[b.reader.start:b.reader.end]
		if len(have) >= 1 && skip > 0 && have[0] != '\r' || len(have) >= 2 && skip > 0 && have[1] != '\n' {
			return nil, errChunkEnd
		}
		if len(have) > skip {
			if i := bytes.IndexByte(have[skip:], '\n'); i == 0 || i > 0 && have[skip+i-1] != '\r' {
				return nil, errBareLF
			} else if i > 0 {
				return have[:skip+i-1], nil
			}
		}
		if len(have) > maxChunkLine {
			return nil, errChunkLine
		}
		if peek {
			return nil, errNotYet
		}
		if err := b.reader.fill(b.reader.kept + 2*maxChunkLine); err != nil {
			return nil, err
		}
	}
}

// parseSize reads a chunk's size (RFC 9112 section 7.1). Extensions are checked
// and dropped.
func (b *Body) parseSize(text []byte) (size int64, err error) {
	digits := 0
	for digits < len(text) && hex(text[digits]) >= 0 {
		size = size<<4 | int64(hex(text[digits]))
		digits++
	}
	if digits == 0 || digits > 16 || size < 0 {
		return 0, errChunkSize
	}
	extension := text[digits:]
	if len(extension) == 0 {
		return size, nil
	}
	b.overhead += len(extension)
	if trimmed := trim(extension); len(trimmed) == 0 || trimmed[0] != ';' || !isText(extension) ||
		len(text) > maxChunkLine || b.overhead > maxOverhead {
		return 0, errChunkLine
	}
	return size, nil
}
