// Package redistest gives a test a real, empty Redis of its own.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout is how long a Redis may take to answer.
const startTimeout = 20 * time.Second

// Address starts a Redis that ends with the test and returns its HOST:PORT.
// It runs the redis-server of this machine, or else a container of the image
// redis:7. With neither, a -short test run leaves the test out and any other
// fails it.
func Address(t testing.TB) string {
	t.Helper()
	port := freePort(t)
	address := net.JoinHostPort("127.0.0.1", port)
	switch {
	case installed("redis-server"):
		startProcess(t, port)
	case installed("docker") && !testing.Short():
		startContainer(t, address)
	case testing.Short():
		t.Skip("needs redis-server in PATH: apt-get install redis-server, or run make test")
	default:
		t.Fatal("needs redis-server or docker in PATH")
	}
	waitForAnswer(t, address)
	return address
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

func startProcess(t testing.TB, port string) {
	t.Helper()
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1",
		"--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
}

func startContainer(t testing.TB, address string) {
	t.Helper()
	output, err := exec.Command("docker", "run", "--detach", "--rm",
		"--publish", address+":6379", "redis:7", "redis-server", "--save", "").CombinedOutput()
	if err != nil {
		t.Fatalf("starting a container of redis:7: %v: %s", err, output)
	}
	id := strings.TrimSpace(string(output))
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", id).Run() })
}

func waitForAnswer(t testing.TB, address string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for client.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			t.Fatalf("Redis at %s did not answer within %v", address, startTimeout)
		case <-time.After(5 * time.Millisecond):
		}
	}
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
