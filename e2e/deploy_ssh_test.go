package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// overSSH pushes through a server of its own, with a bare environment and an
// umask that hides files from others.
func overSSH(s *deploySystem) {
	server, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		s.t.Skip("needs /usr/sbin/sshd: apt-get install openssh-server")
	}
	dir := s.t.TempDir()
	for _, key := range []string{"host", "user"} {
		s.must(dir, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key))
	}
	public, err := os.ReadFile(filepath.Join(dir, "user.pub"))
	if err != nil {
		s.t.Fatal(err)
	}
	write(s.t, filepath.Join(dir, "authorized_keys"), fmt.Sprintf(
		`restrict,command="umask 077; exec env -i HOME=$HOME PATH=/usr/bin:/bin:/usr/local/bin SSH_CONNECTION=\"$SSH_CONNECTION\" sh -c \"$SSH_ORIGINAL_COMMAND\"" %s`, public))
	port := s.ports["REDIS_PORT"] + 5
	sshd := exec.Command(server, "-D", "-e", "-f", "/dev/null", "-h", filepath.Join(dir, "host"),
		"-o", "ListenAddress=127.0.0.1", "-o", fmt.Sprintf("Port=%d", port), "-o", "StrictModes=no", "-o", "PidFile=none",
		"-o", "UsePAM=no", "-o", "AuthorizedKeysFile="+filepath.Join(dir, "authorized_keys"))
	_ = os.MkdirAll("/run/sshd", 0o755)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	sshd.Stderr = log
	if err := sshd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = sshd.Process.Kill(); _ = sshd.Wait() })
	waitForPort(s, port)

	w := s.work("one")
	w.commit("Dockerfile", "FROM "+testApp+"\nCOPY behaviour /behaviour\nUSER 65532\n")
	s.must(w.dir, "git", "remote", "set-url", "blue", fmt.Sprintf("ssh://127.0.0.1:%d%s", port, s.git("blue")))
	s.must(w.dir, "git", "config", "core.sshCommand", "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes -i "+filepath.Join(dir, "user"))
	output, err := w.push("blue", "main")
	if err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "log"))
		s.t.Fatalf("push over ssh: %v\n%s\nsshd: %s", err, output, said)
	}
	s.shows("blue", w.head(), "one")
	if history := s.deploy("history", "blue"); !strings.Contains(history, "@127.0.0.1  ") {
		s.t.Errorf("history: want who with the address in\n%s", history)
	}
	good := w.head()
	w.commit("behaviour", "EXIT=3\n")
	w.refused("DEPLOY FAILED blue health "+w.head(), "exit code 3", "blue", "main")
	s.shows("blue", good, "one")
}

func waitForPort(s *deploySystem, port int) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			connection.Close()
			return
		}
	}
	s.t.Fatalf("nothing listens on port %d", port)
}
