// Package redistest gives a test a real, empty Redis of its own.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"deux/internal/porttest"
)

// startTimeout is how long a Redis may take to answer.
const startTimeout = 20 * time.Second

// Address returns the HOST:PORT of an empty Redis that no other test uses until
// this one ends. The test may shut it down. A Redis is the redis-server of this
// machine, or else a container of the image redis:7. Without either, a -short
// run skips the test and any other fails it.
//
// The next test that asks gets the same Redis, emptied, because starting a
// container takes seconds. It ends with the test process, however that ends.
func Address(t testing.TB) string {
	t.Helper()
	address, found := takeIdle()
	if !found {
		address = start(t)
	}
	t.Cleanup(func() { putIdle(address) })
	return address
}

// startAttempts are several, in case another process takes the port first.
const startAttempts = 3

func start(t testing.TB) (address string) {
	t.Helper()
	var err error
	for range startAttempts {
		port := strconv.Itoa(porttest.Free(t))
		address = net.JoinHostPort("127.0.0.1", port)
		if err = run(address, server(t, address, port)); err == nil {
			return address
		}
	}
	t.Fatal(err)
	return ""
}

// server returns the command that runs a Redis at address.
func server(t testing.TB, address, port string) *exec.Cmd {
	t.Helper()
	switch {
	case installed("redis-server"):
		return exec.Command("sh", "-c", untilInputEnds, "sh", "--bind", "127.0.0.1", "--port", port)
	case installed("docker") && !testing.Short():
		return exec.Command("docker", "run", "--rm", "--interactive", "--publish", address+":6379",
			"redis:7", "sh", "-c", untilInputEnds, "sh", "--protected-mode", "no")
	case testing.Short():
		t.Skip("needs redis-server in PATH: apt-get install redis-server, or run make test")
	}
	t.Fatal("needs redis-server or docker in PATH")
	return nil
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// untilInputEnds runs redis-server with the arguments until it ends or the
// standard input does: when the process at the other side of it ends, even by
// SIGKILL.
const untilInputEnds = `
directory=$(mktemp -d) && cd "$directory" || exit
exec 3<&0
redis-server --save "" "$@" 3<&- &
redis=$!
{ cat <&3; kill -9 $redis; } >/dev/null 2>&1 &
wait $redis
cd / && rm -r "$directory"
kill $! 2>/dev/null
`

// run starts a command that runs a Redis at address, and waits until it answers.
func run(address string, command *exec.Cmd) error {
	var complaint bytes.Buffer
	command.Stdout, command.Stderr, command.WaitDelay = &complaint, &complaint, time.Second
	if _, err := command.StdinPipe(); err != nil { // stays open as long as this process lives
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting Redis: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	if answers(address, ended) {
		return nil
	}
	_ = command.Process.Kill()
	<-ended
	return fmt.Errorf("no answer from a Redis at %s within %v: %s", address, startTimeout, &complaint)
}

// answers waits until a Redis answers, and reports whether it did in time and
// before it ended.
func answers(address string, ended chan error) bool {
	client := newClient(address)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for client.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			return false
		case err := <-ended:
			ended <- err
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}

// newClient returns a client that tries once, and fails at once without Redis.
func newClient(address string) *redis.Client {
	logging.Disable() // what it says goes to standard error, and to the caller
	return redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1, DialerRetries: 1})
}
