package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// prepareHost makes once what all systems share, so that those that come up at
// the same time find it made: the base images, the programs of the host, and the
// builder's cache of the stage that all images have in common.
func prepareHost(t *testing.T) {
	t.Helper()
	if err := hostPrepared(); err != nil {
		t.Fatal(err)
	}
}

var hostPrepared = sync.OnceValue(func() error {
	for _, script := range []string{"scripts/base_images.sh", "scripts/build.sh",
		"docker build --quiet --tag deuxtest-stage --file Dockerfile.proxy . && docker rmi deuxtest-stage"} {
		command := exec.Command("sh", "-c", script)
		command.Dir = ".."
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", script, err, output)
		}
	}
	return nil
})

// ports are where the next system of the tests may have its own: those that
// come up at the same time must not find the same ones free.
var ports = struct {
	sync.Mutex
	next int
}{next: 13000}

// takePorts returns a number from which on n ports are free on the host, and
// are nobody else's until the tests end.
func takePorts(t *testing.T, host string, n int) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for base := ports.next; base+n < 30000; base += n {
		if allFree(host, base, n) {
			ports.next = base + n
			return base
		}
	}
	t.Fatalf("no %d free ports in a row between %d and 30000", n, ports.next)
	return 0
}

// listen listens at an address until the test ends, if not closed before.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// write writes a file, and makes its folder.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// program writes a file that can be run.
func program(t *testing.T, path, content string) {
	t.Helper()
	write(t, path, content)
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func allFree(host string, base, n int) bool {
	for offset := range n {
		for _, address := range []string{host, ""} {
			listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address, base+offset))
			if err != nil {
				return false
			}
			listener.Close()
		}
	}
	return true
}
