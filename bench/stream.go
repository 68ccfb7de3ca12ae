package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Load on the stream: clients at once, and how long each turn lasts.
const (
	streamClients = 64
	streamTurn    = 4 * time.Second
	streamPairs   = 3
)

// socketPatience ends a connection that overloaded socat never gets to: its
// backlog is 5 (socat(1), backlog).
const socketPatience = time.Second

// measureStream counts what the reader answers beside what socat itself
// serves, with as many clients.
func measureStream(ctx context.Context) error {
	reader := "127.0.0.1:" + setting("READER_PORT")
	writer := "127.0.0.1:" + setting("WRITER_PORT")
	var ours, theirs []float64
	for range streamPairs {
		ours = append(ours, rate(ctx, func() func() bool { return readHTTP(reader) }))
		theirs = append(theirs, rate(ctx, func() func() bool { return func() bool { return readSocket(writer) } }))
	}
	report("stream, 64 clients: whole texts a second", ours, theirs, "/s", "reader", "socat itself", "at least 10")
	return nil
}

// rate returns how many reads a second succeed while all clients read.
func rate(ctx context.Context, newClient func() (read func() bool)) float64 {
	var done atomic.Int64
	begun := time.Now()
	var clients sync.WaitGroup
	for range streamClients {
		clients.Go(func() {
			read := newClient()
			for time.Since(begun) < streamTurn && ctx.Err() == nil {
				if read() {
					done.Add(1)
				}
			}
		})
	}
	clients.Wait()
	return float64(done.Load()) / time.Since(begun).Seconds()
}

// readHTTP returns a client that keeps its connection and does no more than it
// must: client and reader share the processors.
func readHTTP(address string) (read func() bool) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return func() bool { return false }
	}
	answers := bufio.NewReader(connection)
	return func() bool {
		if _, err := io.WriteString(connection, "GET / HTTP/1.1\r\nHost: reader\r\n\r\n"); err != nil {
			return false
		}
		return skipAnswer(answers)
	}
}

// skipAnswer reads one answer and tells whether it was a 200 with a body. The
// reader says the length of each (RFC 9112 section 6.2).
func skipAnswer(answers *bufio.Reader) bool {
	status, err := answers.ReadSlice('\n')
	good := err == nil && bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	length := 0
	for {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return false
		}
		if len(line) == 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return false
			}
		}
	}
	skipped, err := answers.Discard(length)
	return good && err == nil && skipped > 0
}

func readSocket(address string) bool {
	connection, err := net.DialTimeout("tcp", address, socketPatience)
	if err != nil {
		return false
	}
	defer connection.Close()
	if connection.SetDeadline(time.Now().Add(socketPatience)) != nil {
		return false
	}
	n, err := io.Copy(io.Discard, connection)
	return err == nil && n > 0
}
