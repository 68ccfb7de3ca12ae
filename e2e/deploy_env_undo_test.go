package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func configurationTakenBack(s *system) {
	w := s.work("one")
	w.deployed("blue")
	s.deploy("env", "blue", "set", "A=good")
	before := s.containerID("blue")
	load := startLoad(s.t, s.url("blue"), 20*time.Millisecond, 200)
	output, err := s.command("bin/deploy", "env", "blue", "set", "A=bad", "BREAK=yes").CombinedOutput()
	load.stop()
	for _, want := range []string{"\nBREAK is set\n", "Taking the change back", "DEPLOY FAILED blue health " + w.head() + ": the container ended with exit code 4\n"} {
		if err == nil || !strings.Contains(string(output), want) {
			s.t.Errorf("got %v, want exit 1 and %q in\n%s", err, want, output)
		}
	}
	if got := s.deploy("env", "blue", "list", "--show"); got != "A=good\n" || s.variable("blue", "A") != "good" || s.containerID("blue") != before {
		s.t.Errorf("afterwards: configuration %q, the app has %q, want the old one and the old container", got, s.variable("blue", "A"))
	}
	if history := s.deploy("history", "blue", "--long"); !strings.Contains(history, "+A  +BREAK") || !strings.Contains(history, "exit code 4") {
		s.t.Errorf("history: got\n%s", history)
	}
	s.runsOne("blue")
	s.oneGeneration("blue")

	// What crashes for want of a change is given it.
	s.output("docker", "kill", s.app("blue"))
	s.deploy("env", "blue", "set", "A=mended")
	if got := s.variable("blue", "A"); got != "mended" {
		s.t.Errorf("set while the app had ended: the app has %q", got)
	}
	s.deploy("down", "blue")
	if output := s.deploy("env", "blue", "set", "A=later"); !strings.Contains(output, "bin/deploy restore blue starts it with this") {
		s.t.Errorf("set while the app is down: got\n%s", output)
	}
	s.deploy("restore", "blue")
	if got := s.variable("blue", "A"); got != "later" {
		s.t.Errorf("after restore the app has %q, want later", got)
	}
	s.runsOne("blue")
}

func configurationKilled(s *system) {
	w := s.work("one")
	w.commit("behaviour", "TEXT=one\nSTART_DELAY=300ms\n")
	w.deployed("blue")
	s.deploy("env", "blue", "set", "N=0")
	load := startLoad(s.t, s.url("blue"), 20*time.Millisecond, 200)
	olds, news := 0, 0
	for i, step := range []string{"Configuring", "Running", "Waiting until", "Switching", "Stopping", "Removing the old " + s.app("blue"), "Removing the old " + s.image("blue")} {
		before := s.variable("blue", "N")
		s.killedChange(step, fmt.Sprintf("N=%d", i+1))
		s.settledAlone("blue")
		now, stored := s.variable("blue", "N"), strings.TrimSpace(s.deploy("env", "blue", "list", "--show"))
		if stored != "N="+now || now != before && now != fmt.Sprint(i+1) {
			s.t.Errorf("killed at %q: %s is stored and the app has N=%s, want both to be %s or %d", step, stored, now, before, i+1)
		}
		if now == before {
			olds++
		} else {
			news++
		}
		s.runsOne("blue")
		s.oneGeneration("blue")
	}
	load.stop()
	if olds < 2 || news < 2 {
		s.t.Errorf("%d times the old one and %d times the new: want both", olds, news)
	}
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.shows("blue", w.head(), "two")
}

// killedChange kills bin/deploy env set at a step.
func (s *system) killedChange(step, assignment string) {
	s.t.Helper()
	command := s.command("bin/deploy", "env", "blue", "set", assignment)
	output, err := command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() && !strings.Contains(lines.Text(), step) {
	}
	_ = command.Process.Kill()
	_ = command.Wait()
}

// settledAlone waits until the process that a killed command left has settled.
func (s *system) settledAlone(colour string) {
	s.t.Helper()
	s.eventually("somebody settles what the killed command left", func() bool {
		_, err := os.Stat(filepath.Join(s.repo(colour), "deux", "push.json"))
		generations, _ := os.ReadDir(filepath.Join(s.repo(colour), "deux", "env"))
		return os.IsNotExist(err) && len(s.containers(colour)) == 1 && len(generations) == 2
	})
}

func forward(s *system) {
	w := s.work("one")
	w.deployed("blue")
	one := w.head()
	two := w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.deploy("env", "blue", "set", "A=today")
	output := s.deploy("rollback", "blue")
	for _, want := range []string{"the current configuration, which a rollback does not change: 1 variable, 0 files\n", "main still holds " + two + ": bin/deploy forward blue runs that again\n"} {
		if !strings.Contains(output, want) {
			s.t.Errorf("rollback: want %q in\n%s", want, output)
		}
	}
	s.shows("blue", one, "one")
	if got := s.variable("blue", "A"); got != "today" {
		s.t.Errorf("after a rollback the app has A=%q, want today's", got)
	}
	if got := s.deploy("status", "blue"); !strings.Contains(got, "  branch     main holds "+two+" behaviour: bin/deploy forward blue runs that\n") {
		s.t.Errorf("status after a rollback: got\n%s", got)
	}
	if output := s.deploy("forward", "blue"); strings.Contains(output, "Building") || !strings.Contains(output, "DEPLOYED blue "+two) {
		s.t.Errorf("forward: want no build\n%s", output)
	}
	s.shows("blue", two, "two")
	if output := s.deploy("forward", "blue"); !strings.Contains(output, "already runs what main holds") {
		s.t.Errorf("a second forward: got\n%s", output)
	}
	s.deploy("rollback", "blue")
	s.output("sh", "-c", fmt.Sprintf("docker rmi --force $(docker images -q --no-trunc --filter label=deux.revision=%s --filter label=deux.image=%s)", two, s.fleet))
	w.accepted("blue", "main:master") // the same commit once more is no failure
	s.shows("blue", two, "two")
	w.accepted("--force", "blue", one+":master")
	s.shows("blue", one, "one")
	if history := s.deploy("history", "blue", "--long"); !strings.Contains(history, "ROLLED-FORWARD") || strings.Contains(history, "FAILED") {
		s.t.Errorf("history: got\n%s", history)
	}
	s.runsOne("blue")
}
