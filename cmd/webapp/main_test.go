package main

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"deux/internal/porttest"
)

var quiet = slog.New(slog.DiscardHandler)

// askHealth is the program started with -health.
func askHealth(t *testing.T) error {
	*health = true
	defer func() { *health = false }()
	return run(t.Context(), quiet)
}

func TestRun_IsHealthyOnStartPortUntilItIsStopped(t *testing.T) {
	t.Setenv("start_port", strconv.Itoa(porttest.Free(t)))
	ctx, stop := context.WithCancel(t.Context())
	serving, ended := make(chan struct{}), make(chan error, 1)
	log := slog.New(slog.NewTextHandler(onWrite(sync.OnceFunc(func() { close(serving) })), nil))
	go func() { ended <- run(ctx, log) }()
	<-serving

	if err := askHealth(t); err != nil {
		t.Errorf("-health beside a server: got %v, want nil", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run until it is stopped: got %v, want nil", err)
	}
	if err := askHealth(t); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("-health without a server: got %v, want an error in one line", err)
	}
}

// onWrite is a writer that tells of what is written to it.
type onWrite func()

func (told onWrite) Write(line []byte) (int, error) {
	told()
	return len(line), nil
}

func TestRun_RefusesABadSetting(t *testing.T) {
	t.Setenv("start_port", "http")
	const want = `setting start_port="http": expected a whole number from 1 to 65535`
	if err := run(t.Context(), quiet); err == nil || err.Error() != want {
		t.Errorf("run with start_port=http: got %v, want %s", err, want)
	}
}

func TestRun_RefusesATakenPort(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("start_port", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	if err := run(t.Context(), quiet); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("run on a taken port: got %v, want that the address is in use", err)
	}
}
