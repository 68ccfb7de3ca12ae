package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// runsBeside returns the colour's one-off containers.
func (s *system) runsBeside() string {
	s.t.Helper()
	return s.output("docker", "ps", "--all", "--quiet", "--filter", "label=deux.fleet="+s.fleet, "--filter", "label=deux.role=one-off")
}

// leavesNothing fails unless the one-off containers are gone soon.
func (s *system) leavesNothing(after string) {
	s.t.Helper()
	s.eventually("after "+after+" no container is left", func() bool { return s.runsBeside() == "" })
}

// wantExit fails unless err is that of a program that ended with the code.
func (s *system) wantExit(what string, err error, code int) {
	s.t.Helper()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != code {
		s.t.Errorf("%s: got %v, want exit code %d", what, err, code)
	}
}

func oneOffCommands(s *system) {
	s.denied("nothing is deployed yet", "run", "blue", "--", "/app")
	w := s.work("one")
	w.commit("Dockerfile", s.dockerfile()+"COPY behaviour /data/behaviour\nVOLUME /data\n")
	w.deployed("blue")
	s.denied("usage:", "run", "blue", "/app")
	s.counts("/data/counter", 1)
	var out, errs bytes.Buffer
	echo := s.command("bin/deploy", "run", "blue", "--", "/app", "echo", "7")
	echo.Stdin, echo.Stdout, echo.Stderr = strings.NewReader("hello\nworld\n"), &out, &errs
	s.wantExit("echo", echo.Run(), 7)
	if out.String() != "hello\nworld\n" || errs.String() != "COLOUR=blue\n" {
		s.t.Errorf("echo: got %q and %q, want its input and COLOUR=blue apart", &out, &errs)
	}
	if got := s.deploy("run", "blue", "--", "/app", "cat", "/data/counter"); got != "1\n" {
		s.t.Errorf("the app's data: got %q, want 1", got)
	}
	s.wantExit("no such command", s.command("bin/deploy", "run", "blue", "--", "/none").Run(), 127)
	s.leavesNothing("commands that ended")

	s.wantExit("SIGINT", s.told(syscall.SIGINT), 3)
	s.leavesNothing("SIGINT")
	if err := s.told(syscall.SIGKILL); err == nil {
		s.t.Error("SIGKILL: got success, want that it was killed")
	}
	s.leavesNothing("SIGKILL")
	s.runsOne("blue")
}

// told starts a command that sleeps, sends its bin/deploy a signal and returns
// how that ended.
func (s *system) told(signal syscall.Signal) error {
	s.t.Helper()
	sleep := s.command("bin/deploy", "run", "blue", "--", "/app", "sleep")
	out, err := sleep.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := sleep.Start(); err != nil {
		s.t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "sleeping\n" {
		s.t.Fatalf("got %q, %v, want that it sleeps", line, err)
	}
	if err := sleep.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	return sleep.Wait()
}

func keptLogs(s *system) {
	s.denied("nothing is deployed yet", "logs", "blue")
	w := s.work("one")
	w.deployed("blue")
	first := w.head()
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	w.commit("behaviour", "EXIT=4\n")
	w.refused("DEPLOY FAILED blue health", "exit code 4", "blue", "main")
	for _, test := range []struct{ arguments, want string }{
		{"", "runs"},
		{"--release previous", first + ", ran until"},
		{"--release failed", w.head() + ", failed at"},
		{"--release " + first[:10], first + ", ran until"},
		{"--grep line.60$ --since 10m", "log line 60"},
	} {
		output := s.deploy(append([]string{"logs", "blue"}, strings.Fields(test.arguments)...)...)
		if !strings.Contains(output, test.want) || !strings.HasSuffix(output, "\nlog line 60\n") {
			s.t.Errorf("logs %s: got %q, want %q and the last line", test.arguments, output, test.want)
		}
		if lines := strings.Count(output, "\n"); strings.Contains(test.arguments, "grep") && lines != 2 {
			s.t.Errorf("logs %s: %d lines, want the heading and one", test.arguments, lines)
		}
	}
	if all := s.deploy("logs", "blue", "--release", "all"); strings.Count(all, "==> blue ") != 3 {
		s.t.Errorf("logs --release all: got %q, want three releases", all)
	}
	if late := s.deploy("logs", "blue", "--since", time.Now().Add(time.Hour).Format(time.RFC3339)); strings.Count(late, "\n") != 1 {
		s.t.Errorf("logs since a time to come: got %q, want the heading alone", late)
	}
	s.denied("has no log of", "logs", "blue", "--release", "fffff")
	s.denied("is not a regular expression", "logs", "blue", "--grep", "(")
}
