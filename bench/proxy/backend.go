package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
)

// Paths of a backend are the sizes of their answers.
const (
	smallPath = "/256"
	largePath = "/65536"
)

// serveBackend is the server behind all proxies: next to nothing but the system
// calls, so that the proxy is what is measured. It answers /256 and /65536
// with so many bytes, and reads whatever is uploaded to the end first.
func serveBackend(ctx context.Context, address string) error {
	runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2)) // there are two of them
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	b := backend{small: answer(address, 256), large: answer(address, 64<<10)}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return nil
		}
		go b.serve(connection)
	}
}

type backend struct{ small, large []byte }

// answer is whole: its head says which backend it is from.
func answer(address string, size int) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\n"+
		"X-Backend: %s\r\nContent-Length: %d\r\n\r\n", address, size)
	return append([]byte(head), bytes.Repeat([]byte("x"), size)...)
}

func (b backend) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	for {
		request, err := readHead(reader)
		if err != nil {
			return
		}
		if _, err := reader.Discard(request.length); err != nil {
			return
		}
		answer := b.small
		if request.large {
			answer = b.large
		}
		if _, err := connection.Write(answer); err != nil || request.last {
			return
		}
	}
}

// head is what a backend needs of a request.
type head struct {
	large  bool // of the answer
	length int  // of the body
	last   bool // on its connection
}

func readHead(reader *bufio.Reader) (head, error) {
	line, err := reader.ReadSlice('\n')
	request := head{large: bytes.Contains(line, []byte(" "+largePath+" "))}
	for err == nil {
		if line, err = reader.ReadSlice('\n'); len(line) <= len("\r\n") {
			break
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			request.length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			err = fmt.Errorf("a body of unknown length")
		case bytes.EqualFold(name, []byte("Connection")):
			request.last = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	}
	return request, err
}
