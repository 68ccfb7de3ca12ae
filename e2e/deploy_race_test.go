package e2e

import (
	"bufio"
	"fmt"
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

func twoPushesAtOnce(s *system) {
	left := s.work("start")
	left.deployed("blue")
	right := &work{s, filepath.Join(s.t.TempDir(), "right")}
	s.output("git", "clone", "--quiet", left.dir, right.dir)
	right.configure()
	for round := range 10 {
		for _, side := range []*work{left, right} {
			side.git("fetch", "--quiet", "blue")
			side.git("reset", "--quiet", "--hard", "blue/main")
			side.commit("behaviour", fmt.Sprintf("TEXT=%d\n", round))
			side.commit("side", side.dir)
		}
		accepted := pushTogether(left, right)
		ref := s.ref("blue", "main")
		if accepted != 1 || ref != left.head() && ref != right.head() {
			s.t.Fatalf("round %d: %d pushes were accepted and main is at %s, want one of %s and %s",
				round, accepted, ref, left.head(), right.head())
		}
		s.shows("blue", ref, fmt.Sprint(round))
		s.runsOne("blue")
	}
}

// pushTogether pushes both and returns how many were accepted.
func pushTogether(all ...*work) int {
	var group sync.WaitGroup
	var mu sync.Mutex
	accepted := 0
	for _, w := range all {
		group.Go(func() {
			if _, err := w.push("blue", "main"); err == nil {
				mu.Lock()
				accepted++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return accepted
}

func blueAndGreenAtOnce(s *system) {
	slow, quick := s.work("slow"), s.work("quick")
	// Blue's build goes on when somebody listens here, or after a minute at least.
	gate := takePorts(s.t, s.env["HOST_IP"], 1)
	slow.commit("Dockerfile", "FROM debian:bookworm-slim AS slow\nRUN bash -c 'for try in $(seq 600); do : </dev/tcp/"+fmt.Sprintf("%s/%d", s.env["HOST_IP"], gate)+
		" && exit; sleep 0.1; done' 2>/dev/null # "+time.Now().String()+"\nFROM "+s.testApp()+"\nCOPY --from=slow /etc/debian_version /\nCOPY behaviour /behaviour\n")
	var blue atomic.Bool
	var group sync.WaitGroup
	group.Go(func() { _, _ = slow.push("blue", "main"); blue.Store(true) })
	quick.deployed("green")
	if blue.Load() {
		s.t.Error("green's push ended after blue's, want it to wait for nothing of blue's")
	}
	listen(s.t, fmt.Sprintf(":%d", gate))
	group.Wait()
	s.shows("blue", slow.head(), "slow")
	s.shows("green", quick.head(), "quick")
}

// pushing is a git push under way.
type pushing struct {
	*exec.Cmd
	lines *bufio.Scanner
}

func (w *work) begin(colour string) *pushing {
	w.s.t.Helper()
	command := w.command("push", colour, "main")
	reader, writer, err := os.Pipe()
	if err != nil {
		w.s.t.Fatal(err)
	}
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		w.s.t.Fatal(err)
	}
	writer.Close()
	return &pushing{command, bufio.NewScanner(reader)}
}

// until reads what the push says up to a line with that text.
func (p *pushing) until(text string) bool {
	for p.lines.Scan() {
		if strings.Contains(p.lines.Text(), text) {
			return true
		}
	}
	return false
}

// end reads the rest and waits for the end of the push.
func (p *pushing) end() error {
	for p.lines.Scan() {
	}
	return p.Wait()
}

// killHook kills the process that works as a hook in the colour's repository.
func (s *system) killHook(colour string) bool {
	programs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, program := range programs {
		process := filepath.Dir(program)
		exe, _ := os.Readlink(program)
		cwd, _ := os.Readlink(filepath.Join(process, "cwd"))
		pid, _ := strconv.Atoi(filepath.Base(process))
		if strings.HasSuffix(exe, "bin/deploy") && cwd == s.repo(colour) {
			return syscall.Kill(pid, syscall.SIGKILL) == nil
		}
	}
	return false
}

// killedAt pushes an app and kills the hook at a step. One that comes last may
// be over before the hook is found: then another push is tried.
func (w *work) killedAt(step, behaviour string) {
	w.s.t.Helper()
	for try := range 5 {
		w.commit("behaviour", fmt.Sprintf("%sTRY=%d\n", behaviour, try))
		push := w.begin("blue")
		came := push.until(step)
		killed := came && w.s.killHook("blue")
		if err := push.end(); !came {
			w.s.t.Fatalf("the push said nothing of %q, and ended with %v", step, err)
		}
		if killed {
			return
		}
	}
	w.s.t.Fatalf("at %q the hook had ended each time", step)
}

func hookKilled(s *system) {
	w := s.work("start")
	w.deployed("blue")
	load := startLoad(s.t, s.url("blue"), 20*time.Millisecond, 200)
	for i, step := range []string{"Setting the work tree", "Checking out", "Building", "COPY behaviour", "Tagging", "Pushing", "Pulling",
		"Running", "Waiting until", "Switching", "Stopping", "Removing the old " + s.app("blue"), "Removing the old " + s.image("blue")} {
		w.killedAt(step, fmt.Sprintf("TEXT=killed%d\nSTART_DELAY=300ms\n", i))
		if status, text := get(s.url("blue")); status != 200 {
			s.t.Errorf("killed at %q: got %d %q", step, status, text)
		}
		w.commit("behaviour", fmt.Sprintf("TEXT=healed%d\n", i))
		w.deployed("blue")
		s.shows("blue", w.head(), fmt.Sprintf("healed%d", i))
		s.runsOne("blue")
		if s.t.Failed() {
			s.t.Fatalf("killed at %q", step)
		}
	}
	load.stop()
}

func killedPushSettles(s *system) {
	w := s.work("start")
	w.deployed("blue")
	good := w.head()
	for _, kill := range []struct {
		step  string
		moved bool // whether the ref has moved by then
	}{{"Waiting until", false}, {"Switching", true}} {
		w.killedAt(kill.step, "TEXT="+strings.Fields(kill.step)[0]+"\nSTART_DELAY=2s\n")
		want, text := good, "start"
		if kill.moved {
			want, text = w.head(), "Switching"
		}
		if got := s.ref("blue", "main"); got != want {
			s.t.Errorf("killed at %q: main is at %s, want %s", kill.step, got, want)
		}
		s.eventually("somebody settles the killed push", func() bool {
			_, page := get(s.url("blue"))
			return page == "blue "+want+" "+text && len(s.containers("blue")) == 1
		})
		s.shows("blue", want, text)
		s.runsOne("blue")
	}
}

func pusherKilled(s *system) {
	w := s.work("start")
	w.deployed("blue")
	good := w.head()
	w.commit("Dockerfile", "FROM debian:bookworm-slim AS slow\nRUN for i in $(seq 60); do echo tick $i; sleep 1; done\nFROM "+s.testApp()+
		"\nCOPY --from=slow /etc/debian_version /\nCOPY behaviour /behaviour\n")
	push := w.begin("blue")
	if !push.until("tick 2") {
		s.t.Fatal("the build did not begin")
	}
	_ = push.Process.Kill()
	_ = push.end()
	w.commit("Dockerfile", s.dockerfile())
	s.shows("blue", good, "start")
	begun := time.Now()
	w.deployed("blue")
	if waited := time.Since(begun).Seconds() - s.seconds("blue", "total"); waited > 30 {
		s.t.Errorf("the next push waited %v s: for the killed one's build", waited)
	}
	s.shows("blue", w.head(), "start")
	s.runsOne("blue")
	if history := s.deploy("history", "blue", "--long"); !strings.Contains(history, "FAILED") || !strings.Contains(history, "the pusher went away") {
		s.t.Errorf("history: want a push whose pusher went away in\n%s", history)
	}
}
