package proxy

import (
	"errors"
	"io"

	"deux/internal/http1"
)

// upload sends the request's body to the server, piece by piece, while the
// answer is awaited and passed on.
func (c *client) upload(l *link) {
	err := c.copyUp(l)
	switch {
	case err == nil:
	case errors.Is(err, errClientGone):
		c.interrupt(clientGone)
	case errors.Is(err, errClientSilent):
		c.interrupt(clientSilent)
	case isMalformed(err):
		c.uploadError = err
		c.interrupt(clientWrong)
	}
	c.uploadPace.enter(working, &c.clock)
	c.uploaded <- err
}

func (c *client) copyUp(l *link) error {
	used := c.takePiece()
	defer c.givePiece(used)
	piece := *used
	for {
		n, err := c.sent.Read(piece[chunkRoom : len(piece)-lastRoom])
		if !c.uploadPace.enter(sending, &c.clock) {
			return errClientSilent
		}
		if err != nil && err != io.EOF {
			return clientError(err)
		}
		c.bodyTaken.Store(err == io.EOF)
		if _, failed := l.Write(c.framePiece(piece, n, err == io.EOF)); failed != nil {
			return errBrokeOff // readAnswer reads what the server said before
		}
		if err == io.EOF {
			return nil
		}
		if !c.uploadPace.enter(uploading, &c.clock) {
			return errNoAnswer
		}
	}
}

// firstOfBody returns what an upload waits for at first. A client that expects a
// 100 sends nothing before the server has sent one (RFC 9110 section 10.1.1): until
// then it is the server that is silent.
func (c *client) firstOfBody() phase {
	if c.request.Continue {
		return holding
	}
	return uploading
}

// clientError returns the error for a request's body that cannot be read.
func clientError(err error) error {
	if isMalformed(err) {
		return err
	}
	return errClientGone
}

// lastRoom is room behind a piece for its CR LF and the last chunk.
const lastRoom = 8

// framePiece returns n bytes of a body, which start at chunkRoom, as they are
// sent to the server.
func (c *client) framePiece(piece []byte, n int, last bool) []byte {
	if c.request.Body.Kind != http1.Chunked {
		return piece[chunkRoom : chunkRoom+n]
	}
	return appendChunk(piece, n, last, &c.sent)
}

// appendChunk returns n bytes of a body, which start at chunkRoom of piece, as a
// chunk and, if the body ends, the last chunk and the trailers after it.
func appendChunk(piece []byte, n int, last bool, body *http1.Body) []byte {
	start, end := chunkRoom, chunkRoom
	if n > 0 {
		start = sizeChunk(piece[:chunkRoom], n)
		end += n
		end += copy(piece[end:], "\r\n")
	}
	if !last {
		return piece[start:end]
	}
	return body.AppendTrailers(append(piece[start:end], "0\r\n"...))
}

// isUploading reports whether the request's body is still being sent, or could
// not be sent whole.
func (c *client) isUploading() bool {
	if !c.uploading {
		return false
	}
	select {
	case err := <-c.uploaded:
		c.uploaded <- err
		return err != nil
	default:
		return true
	}
}

// bodyIsDue reports whether the client has not sent its whole body.
func (c *client) bodyIsDue() bool { return c.uploading && !c.bodyTaken.Load() }

// endUpload stops the upload if the client has more of its body to send, waits
// until it has ended, and reports whether there was more.
func (c *client) endUpload() (unfinished bool) {
	if !c.uploading {
		return false
	}
	if unfinished = c.bodyIsDue(); unfinished {
		c.at.mustClose = true
		c.interrupt(answered)
	}
	<-c.uploaded
	c.uploading = false
	return unfinished
}
