// Package redistest gives a test a real, empty Redis of its own.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout is how long a Redis may take to answer.
const startTimeout = 20 * time.Second

// Address returns the HOST:PORT of an empty Redis that no other test uses until
// this one ends. It may shut it down. A Redis is the redis-server of this
// machine, or else a container of the image redis:7. With neither, a -short
// test run leaves the test out and any other fails it.
//
// The next test that asks gets the same Redis, emptied, because to start a
// container takes seconds. It ends with the process of the tests, however that
// ends.
func Address(t testing.TB) string {
	t.Helper()
	address, found := takeIdle()
	if !found {
		address = start(t)
	}
	t.Cleanup(func() { putIdle(address) })
	return address
}

func start(t testing.TB) (address string) {
	t.Helper()
	port := freePort(t)
	address = net.JoinHostPort("127.0.0.1", port)
	switch {
	case installed("redis-server"):
		run(t, address, exec.Command("sh", "-c", untilInputEnds, "sh", "--bind", "127.0.0.1", "--port", port))
	case installed("docker") && !testing.Short():
		run(t, address, exec.Command("docker", "run", "--rm", "--interactive", "--publish", address+":6379",
			"redis:7", "sh", "-c", untilInputEnds, "sh", "--protected-mode", "no"))
	case testing.Short():
		t.Skip("needs redis-server in PATH: apt-get install redis-server, or run make test")
	default:
		t.Fatal("needs redis-server or docker in PATH")
	}
	return address
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// untilInputEnds runs redis-server with the arguments until the standard input
// ends, which is when the process that holds its other side does, even by
// SIGKILL.
const untilInputEnds = `
directory=$(mktemp -d) && cd "$directory" || exit
redis-server --save "" "$@" &
cat >/dev/null
kill -9 $!
cd / && rm -r "$directory"
`

// run starts a command that runs a Redis at address, and waits until it answers.
func run(t testing.TB, address string, command *exec.Cmd) {
	t.Helper()
	var complaint bytes.Buffer
	command.Stderr = &complaint
	if _, err := command.StdinPipe(); err != nil { // stays open as long as this process lives
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("starting Redis: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	if !answers(address, ended) {
		_ = command.Process.Kill()
		<-ended
		t.Fatalf("Redis at %s did not answer within %v: %s", address, startTimeout, &complaint)
	}
}

// answers waits until a Redis answers, and reports whether it did in time and
// before it ended.
func answers(address string, ended chan error) bool {
	client := redis.NewClient(&redis.Options{Addr: address})
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

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("finding a free port: %v", err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}
