package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a child that runs until stopped, the leader of a process group.
type process struct {
	name string
	pid  int
	log  string // the file with its output
	done chan struct{}
}

// grace is how long a child may take to end when it is told to.
const grace = 5 * time.Second

// start runs command until stop is called. If this program dies, the kernel
// tells the child to end.
func start(name string, command *exec.Cmd, dir string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	output, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p.pid = command.Process.Pid
	go func() {
		_ = command.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop ends the child and all of its group.
func (p *process) stop() {
	_ = syscall.Kill(-p.pid, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	<-p.done
}

// died describes how the child ended, or returns nil while it runs.
func (p *process) died() error {
	select {
	case <-p.done:
		output, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s ended: %s", p.name, strings.TrimSpace(string(output)))
	default:
		return nil
	}
}

// waitFor repeats ready until it returns nil, and gives up when the child has
// ended or after ten seconds.
func (p *process) waitFor(ctx context.Context, ready func() error) error {
	for end := time.Now().Add(10 * time.Second); ; {
		err := ready()
		if err == nil {
			return nil
		}
		if died := p.died(); died != nil {
			return died
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("waiting for %s: %w", p.name, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// allowFiles gives the children as many open files as possible: each client
// takes two of a proxy's. They would otherwise get what this program was
// started with (Go 1.19 release notes, package os).
func allowFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
