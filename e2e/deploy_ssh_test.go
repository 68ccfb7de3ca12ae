package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// overSSH pushes with the bare environment of an ssh session and an umask that
// hides files from others: through a server where there is one.
func overSSH(s *system) {
	w := s.work("one")
	w.commit("Dockerfile", s.dockerfile()+"USER 65532\n")
	port := takePorts(s.t, s.env["HOST_IP"], 1)
	w.git("remote", "set-url", "blue", fmt.Sprintf("ssh://127.0.0.1:%d%s", port, s.repo("blue")))
	w.git("config", "ssh.variant", "ssh")
	if server, err := exec.LookPath("/usr/sbin/sshd"); err == nil {
		w.git("config", "core.sshCommand", startSSH(s, server, port))
	} else {
		s.t.Log("without a server, which the package openssh-server has")
		w.git("config", "core.sshCommand", standIn(s))
	}
	w.deployed("blue")
	s.shows("blue", w.head(), "one")
	if history := s.deploy("history", "blue", "--long"); !strings.Contains(history, "@127.0.0.1  ") {
		s.t.Errorf("history: want who with the address in\n%s", history)
	}
	good := w.head()
	w.commit("behaviour", "EXIT=3\n")
	w.refused("DEPLOY FAILED blue health "+w.head(), "exit code 3", "blue", "main")
	s.shows("blue", good, "one")
}

// session is what a server runs for a command.
const session = `umask 077; exec env -i HOME="$HOME" PATH=/usr/bin:/bin:/usr/local/bin SSH_CONNECTION="$SSH_CONNECTION" sh -c "$SSH_ORIGINAL_COMMAND"`

// standIn returns an ssh that runs the command, its last argument, right here.
func standIn(s *system) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "ssh")
	program(s.t, path, "#!/bin/sh\nfor SSH_ORIGINAL_COMMAND; do :; done\nSSH_CONNECTION='127.0.0.1 1 127.0.0.1 2'\n"+session+"\n")
	return path
}

// startSSH starts a server and returns the command that reaches it.
func startSSH(s *system, server string, port int) string {
	s.t.Helper()
	dir := s.t.TempDir()
	for _, key := range []string{"host", "user"} {
		s.output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key))
	}
	public, err := os.ReadFile(filepath.Join(dir, "user.pub"))
	if err != nil {
		s.t.Fatal(err)
	}
	write(s.t, filepath.Join(dir, "session"), session+"\n")
	write(s.t, filepath.Join(dir, "authorized_keys"), fmt.Sprintf(`restrict,command="sh %s/session" %s`, dir, public))
	_ = os.MkdirAll("/run/sshd", 0o755) // where it drops its rights
	sshd := exec.Command(server, "-D", "-e", "-f", "/dev/null", "-h", filepath.Join(dir, "host"),
		"-o", "ListenAddress=127.0.0.1", "-o", fmt.Sprintf("Port=%d", port), "-o", "StrictModes=no", "-o", "PidFile=none",
		"-o", "UsePAM=no", "-o", "AuthorizedKeysFile="+filepath.Join(dir, "authorized_keys"))
	if err := sshd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = sshd.Process.Kill(); _ = sshd.Wait() })
	s.eventually("the ssh server listens", func() bool {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	return "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes -i " +
		filepath.Join(dir, "user")
}
