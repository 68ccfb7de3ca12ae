package deploy

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"

	"deux/internal/program"
)

// Hold runs a command while no other process works on the colour, such as a
// backup of its files: a push waits until it ends. It returns the command's exit
// code, unless 0, as a program.Exit. The command is told to end (SIGTERM), with
// what it started, when ctx ends, and alone when this process is killed.
func (d *Deployer) Hold(ctx context.Context, console Console, command []string) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	child := exec.CommandContext(ctx, command[0], command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = console.In, console.Out, console.Err
	// In a process group of its own, a Ctrl-C reaches it as that SIGTERM, once.
	child.Cancel = func() error { return syscall.Kill(-child.Process.Pid, syscall.SIGTERM) }
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	runtime.LockOSThread() // Pdeathsig is bound to this thread: go.dev/issue/27505
	defer runtime.UnlockOSThread()
	err = child.Run()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return program.Exit(failed.ExitCode())
	}
	return err
}
