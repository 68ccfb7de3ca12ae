package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// converse opens a websocket and says something for two seconds, and must hear
// it back.
func (tr *traffic) converse(r *request, url string) {
	address := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")
	conn, err := net.DialTimeout("tcp", address, 30*time.Second)
	if err != nil {
		r.err = err
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", address)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		r.err = err
		return
	}
	r.status, r.server = response.StatusCode, response.Header.Get("X-Served-By")
	if r.status != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		r.err = fmt.Errorf("want a websocket (RFC 6455 section 1.3): %v", response.Header)
		return
	}
	for i := 0; i < 8 && r.err == nil; i++ {
		r.err = say(conn, in, fmt.Sprintf("message %d", i))
		time.Sleep(250 * time.Millisecond)
	}
}

// say sends a text and reads it back. The mask is zero, which leaves it as it is.
func say(out io.Writer, in io.Reader, text string) error {
	const final, isText, masked = 0x80, 0x1, 0x80
	if _, err := out.Write(append([]byte{final | isText, masked | byte(len(text)), 0, 0, 0, 0}, text...)); err != nil {
		return err
	}
	want := append([]byte{final | isText, byte(len(text))}, text...)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in, got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("heard %q, want %q", got, want)
	}
	return nil
}
