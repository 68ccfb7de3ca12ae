package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
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
// serves, with as many clients. Both run on the host, as processes: Docker's
// proxy in front of a published port would be most of what is measured.
func measureStream(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "bench-stream-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	reader, writer, stop, err := startStream(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()
	var ours, theirs []float64
	for range streamPairs {
		ours = append(ours, rate(ctx, func() func() bool { return readHTTP(reader) }))
		theirs = append(theirs, rate(ctx, func() func() bool { return func() bool { return readSocket(writer) } }))
	}
	report("stream, 64 clients: whole texts a second", ours, theirs, "/s", "reader", "socat itself", "at least 10")
	return nil
}

// startStream builds and starts a writer and a reader, and returns their
// addresses when both answer.
func startStream(ctx context.Context, dir string) (reader, writer string, stop func(), err error) {
	if _, err := command(ctx, "go", "build", "-o", dir, "./cmd/writer", "./cmd/reader"); err != nil {
		return "", "", nil, err
	}
	first, _ := strconv.Atoi(setting("FIRST_PORT"))
	ports := map[string]string{"WRITER_PORT": strconv.Itoa(first + 98), "READER_PORT": strconv.Itoa(first + 99)}
	reader, writer = "127.0.0.1:"+ports["READER_PORT"], "127.0.0.1:"+ports["WRITER_PORT"]
	ctx, cancel := context.WithCancel(ctx)
	var programs sync.WaitGroup
	for _, name := range []string{"writer", "reader"} {
		program := exec.CommandContext(ctx, filepath.Join(dir, name))
		program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
		program.Env = append(os.Environ(), "DATA_DIR="+dir, "WRITER_ADDR="+writer,
			"WRITER_PORT="+ports["WRITER_PORT"], "READER_PORT="+ports["READER_PORT"])
		programs.Go(func() { _ = program.Run() })
	}
	stop = func() { cancel(); programs.Wait() }
	if err := poll(ctx, func() bool { return readHTTP(reader)() }); err != nil {
		stop()
		return "", "", nil, err
	}
	return reader, writer, stop, nil
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
