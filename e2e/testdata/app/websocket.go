package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
)

// echo is a websocket (RFC 6455) that sends every short message back, until the
// client closes it.
func echo(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	for {
		opcode, message, err := frame(buffered.Reader)
		if err != nil {
			return
		}
		if _, err := conn.Write(append([]byte{opcode, byte(len(message))}, message...)); err != nil || opcode&0xf == 8 {
			return
		}
	}
}

// frame reads a masked frame of fewer than 126 bytes.
func frame(in *bufio.Reader) (opcode byte, message []byte, err error) {
	head := make([]byte, 6) // the opcode, the length, the mask
	if _, err := io.ReadFull(in, head); err != nil {
		return 0, nil, err
	}
	message = make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(in, message); err != nil {
		return 0, nil, err
	}
	for i := range message {
		message[i] ^= head[2+i%4]
	}
	return head[0], message, nil
}
