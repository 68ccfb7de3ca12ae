package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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

// socketPatience ends a connection that an overloaded socat never gets to: its
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
		rate, err := readerRate(ctx, reader)
		if err != nil {
			return err
		}
		ours = append(ours, rate)
		theirs = append(theirs, socatRate(ctx, writer))
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
	answers := func() bool {
		_, err := get(ctx, "http://"+reader+"/")
		return err == nil
	}
	if err := poll(ctx, answers); err != nil {
		stop()
		return "", "", nil, err
	}
	return reader, writer, stop, nil
}

// readerRate has wrk, which takes less processor time than a client in Go, read
// over kept connections.
func readerRate(ctx context.Context, address string) (float64, error) {
	output, err := command(ctx, "wrk", "--threads", "1", "--connections", strconv.Itoa(streamClients),
		"--duration", streamTurn.String(), "http://"+address+"/")
	if err != nil {
		return 0, fmt.Errorf("%w (apt-get install wrk)", err)
	}
	_, rest, found := strings.Cut(output, "Requests/sec:")
	if !found || strings.Contains(output, "Non-2xx") {
		return 0, fmt.Errorf("wrk says: %s", output)
	}
	return strconv.ParseFloat(strings.Fields(rest)[0], 64)
}

// socatRate returns how many connections a second socat serves to the end.
func socatRate(ctx context.Context, address string) float64 {
	var done atomic.Int64
	begun := time.Now()
	var clients sync.WaitGroup
	for range streamClients {
		clients.Go(func() {
			for time.Since(begun) < streamTurn && ctx.Err() == nil {
				if readSocket(address) {
					done.Add(1)
				}
			}
		})
	}
	clients.Wait()
	return float64(done.Load()) / time.Since(begun).Seconds()
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
