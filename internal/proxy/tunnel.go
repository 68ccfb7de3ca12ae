package proxy

import (
	"io"
	"net"
)

// tunnel passes on a 101 and then every byte, both ways, until both sides have
// ended (RFC 9110 section 7.8). The end of one side is passed on to the other.
func (c *client) tunnel(l *link) error {
	c.at.status, c.at.mustClose, c.at.headSent = 101, true, true
	c.at.timeHead()
	c.out = c.appendFields(c.appendStatusLine(c.out[:0]))
	c.out = append(append(append(c.out, ServedBy+": "...), c.at.to.URL...), "\r\n"...)
	c.out = append(append(append(c.out, "Connection: Upgrade\r\nUpgrade: "...), c.answer.Upgraded...), "\r\n\r\n"...)
	c.out = append(c.out, l.in.Take(l.in.Buffered())...)
	if err := c.write(c.out); err != nil {
		return err
	}
	c.pace.enter(tunnelling, &c.clock)
	if _, err := l.Write(c.in.Take(c.in.Buffered())); err != nil {
		return errClientGone
	}
	up := make(chan struct{})
	go func() {
		defer close(up)
		pour(l.TCPConn, c.conn)
	}()
	c.at.sentBytes += pour(c.conn, l.TCPConn)
	<-up
	return nil
}

// pour copies until from ends, then closes the write side of to. An error closes
// both.
func pour(to, from *net.TCPConn) int64 {
	n, err := io.Copy(to, from)
	if err != nil || to.CloseWrite() != nil {
		_ = to.Close()
		_ = from.Close()
	}
	return n
}
