package proxy

import (
	"bytes"
	"io"
	"time"

	"deux/internal/http1"
)

// ServedBy is the field of each answer that says which server gave it.
const ServedBy = "X-Served-By"

// appendInterim appends a 1xx answer as it came.
func (c *client) appendInterim(to []byte) []byte {
	return append(c.appendFields(c.appendStatusLine(to)), "\r\n"...)
}

// appendFields appends the fields of an answer without a body. Framing fields
// would be wrong in a 1xx (RFC 9110 section 8.6, RFC 9112 section 6.1).
func (c *client) appendFields(to []byte) []byte {
	for i := range c.answer.Fields {
		if field := &c.answer.Fields[i]; c.returns(field) && field.Role != http1.Framed {
			to = http1.AppendField(to, *field)
		}
	}
	return to
}

// returns reports whether a field of the answer goes to the client: all but the
// hop-by-hop fields, the server's own X-Served-By and a session that is not its.
func (c *client) returns(field *http1.Field) bool {
	switch field.Role {
	case http1.HopByHop, http1.ServedBy:
		return false
	case http1.SetCookie:
		return !c.setsSession(field)
	}
	return true
}

func (c *client) appendStatusLine(to []byte) []byte {
	to = append(to, "HTTP/1.1 "...)
	to = append(to, c.answer.Line...)
	if len(c.answer.Line) == len("200") {
		to = append(to, ' ') // RFC 9112 section 4: required even without a reason
	}
	return append(to, "\r\n"...)
}

// appendAnswer appends the head of the final answer as the client gets it.
func (c *client) appendAnswer(to []byte) []byte {
	p := &c.answer
	to = c.appendStatusLine(to)
	length := false
	for i := range p.Fields {
		field := &p.Fields[i]
		if !c.returns(field) {
			continue
		}
		if field.Role == http1.Framed {
			if length || !c.passesLength(field) {
				continue
			}
			length = true
		}
		to = http1.AppendField(to, *field)
	}
	to = append(append(append(to, ServedBy+": "...), c.at.to.URL...), "\r\n"...)
	if !p.HasDate { // RFC 9110 section 6.6.1
		to = appendDate(to)
	}
	if c.isRechunked() {
		to = append(to, "Transfer-Encoding: chunked\r\n"...)
	}
	return append(c.appendPersistence(to), "\r\n"...)
}

func appendDate(to []byte) []byte {
	to = append(to, "Date: "...)
	to = time.Now().UTC().AppendFormat(to, "Mon, 02 Jan 2006 15:04:05 GMT")
	return append(to, "\r\n"...)
}

// passesLength reports whether a framing field of the answer is a
// Content-Length that describes the body, or the one that a GET would get (RFC
// 9110 section 8.6).
func (c *client) passesLength(field *http1.Field) bool {
	return http1.EqualFold(field.Name, "content-length") && c.answer.Status >= 200 && c.answer.Status != 204
}

// isRechunked reports whether the client gets the body in chunks: if it has no
// length and the client is not too old for them (RFC 9112 section 6.1).
func (c *client) isRechunked() bool {
	kind := c.answer.Body.Kind
	return c.request.Minor > 0 && (kind == http1.Chunked || kind == http1.UntilClose)
}

// appendPersistence says whether the connection goes on (RFC 9112 section 9.3).
func (c *client) appendPersistence(to []byte) []byte {
	switch {
	case c.at.mustClose:
		return append(to, "Connection: close\r\n"...)
	case c.request.Minor == 0:
		return append(to, "Connection: keep-alive\r\n"...)
	}
	return to
}

// isEventStream reports whether the answer ends only when one side hangs up
// (HTML Living Standard, section 9.2). The browser then asks again.
func (c *client) isEventStream() bool {
	for _, field := range c.answer.Fields {
		if http1.EqualFold(field.Name, "content-type") {
			kind, _, _ := bytes.Cut(field.Value, []byte(";"))
			return http1.EqualFold(bytes.TrimSpace(kind), "text/event-stream")
		}
	}
	return false
}

// passAnswer sends the final answer to the client: the head with what has
// already come of the body, then each piece as it comes.
func (c *client) passAnswer(l *link) error {
	c.at.status = c.answer.Status
	c.body.Begin(&l.in, c.answer.Body)
	if !c.body.Ended() && c.answer.Body.Kind != http1.Sized && c.isEventStream() {
		c.endless.Store(true)
		c.at.timeHead()
	}
	unframed := !c.body.Ended() && !c.isRechunked() && c.answer.Body.Kind != http1.Sized
	c.at.mustClose = c.at.mustClose || unframed || c.bodyIsDue() || c.stopping.Load()
	c.out = c.appendAnswer(c.out[:0])
	if c.body.Ended() || l.in.Buffered() == 0 {
		c.at.headSent = true
		if err := c.write(c.out); err != nil || c.body.Ended() {
			return err
		}
		c.out = c.out[:0]
	}
	if c.answer.Body.Kind == http1.Sized && c.answer.Body.Length <= int64(cap(c.out)-len(c.out)) {
		return c.passShort()
	}
	return c.passPieces()
}

// passShort passes on a body that fits behind the head.
func (c *client) passShort() error {
	for {
		n, err := c.readBody(c.out[len(c.out):cap(c.out)])
		c.out = c.out[:len(c.out)+n]
		if err != nil && err != io.EOF {
			return c.cutShort(err)
		}
		c.at.headSent = true
		if failed := c.write(c.out); failed != nil || err == io.EOF {
			return failed
		}
		c.out = c.out[:0]
	}
}

// passPieces passes on a body of any length. What is in c.out, the head or
// nothing, goes out with the first piece.
func (c *client) passPieces() error {
	used := c.takePiece()
	defer c.givePiece(used)
	piece := *used
	for {
		front := len(c.out)
		if front > len(piece)/2 { // a head that leaves no room
			c.at.headSent = true
			if err := c.write(c.out); err != nil {
				return err
			}
			c.out, front = c.out[:0], 0
		}
		n, err := c.readBody(piece[front+chunkRoom : len(piece)-lastRoom])
		if err != nil && err != io.EOF {
			return c.cutShort(err)
		}
		part := c.framePart(piece[front:], n, err == io.EOF)
		switch {
		case len(c.body.Trailers) > 0:
			part = append(c.out, part...)
		case front > 0:
			part = putBefore(part, piece, c.out)
		}
		c.out = c.out[:0]
		c.at.headSent = true
		if failed := c.write(part); failed != nil || err == io.EOF {
			return failed
		}
	}
}

// framePart returns n bytes of a body, which start at chunkRoom, as the client
// gets them.
func (c *client) framePart(part []byte, n int, last bool) []byte {
	if c.isRechunked() {
		return appendChunk(part, n, last, &c.body)
	}
	return part[chunkRoom : chunkRoom+n]
}

// putBefore copies the head into the room that piece has right before part, and
// returns both.
func putBefore(part []byte, piece piece, head []byte) []byte {
	begin := len(piece) - cap(part) - len(head)
	copy(piece[begin:], head)
	return piece[begin : begin+len(head)+len(part)]
}

// readBody reads what has come of the answer's body, or waits.
func (c *client) readBody(to []byte) (int, error) {
	c.pace.enter(listening, &c.clock)
	n, err := c.body.Read(to)
	if !c.pace.enter(working, &c.clock) {
		return n, errNoAnswer
	}
	return n, err
}

// cutShort returns the error for an answer whose body cannot be read to its end.
func (c *client) cutShort(err error) error {
	if why := c.reason(nil); why != nil {
		return why
	}
	if isMalformed(err) {
		return errBadAnswer
	}
	return errCutShort
}
