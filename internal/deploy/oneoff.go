package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/engine"
	"deux/internal/program"
)

// Exit codes of shells for a command that could not be started (bash(1), "EXIT
// STATUS").
const (
	exitNotExecutable = 126
	exitNoCommand     = 127
)

// Console is the input and the two outputs of a command.
type Console struct{ In, Out, Err *os.File }

// isTerminal reports whether a person sits at it.
func (c Console) isTerminal() bool {
	return term.IsTerminal(int(c.In.Fd())) && term.IsTerminal(int(c.Out.Fd()))
}

// attached is a one-off container with its input and output.
type attached interface {
	Run(ctx context.Context) (code int, err error)
	Signal(ctx context.Context, name string) error
	Resize(ctx context.Context, width, height int) error
	Remove(ctx context.Context) error
}

// RunOnce runs a command in a container of its own, from the image that the
// colour last deployed, with what a release gets, at the console. It returns the
// command's exit code, unless 0, as a program.Exit.
func (d *Deployer) RunOnce(ctx context.Context, console Console, command []string) error {
	d.out = &output{to: console.Err, gone: func() {}} // the other output is the command's
	running, deployed := d.ledger.Current()
	if !deployed {
		return d.nothingDeployed(ctx)
	}
	if err := d.sweepOneOffs(ctx); err != nil {
		return fmt.Errorf("no answer from Docker (is it started? may you use it?): %w", err)
	}
	image := d.digest(running)
	present, err := d.docker.HasImage(ctx, image)
	if err == nil && !present {
		err = fmt.Errorf("the image of %s is gone: bin/deploy restore %s builds it again", running.Revision, d.colour.name)
	}
	if err != nil {
		return err
	}
	running.Aim = "" // the current configuration, whatever it was started with
	runtime, err := d.runtime(ctx, running)
	if err == nil {
		err = d.volumes().Make(ctx, running, runtime)
	}
	if err != nil {
		return err
	}
	terminal := console.isTerminal()
	if terminal {
		runtime.Env = append(runtime.Env, "TERM="+os.Getenv("TERM"))
	}
	attached, err := d.docker.Attach(ctx, engine.OneOff{
		Colour: d.colour.name, Image: image, Command: command, Owner: ledger.ProcessOf(os.Getpid()).String(),
		Terminal: terminal, In: console.In, Out: console.Out, Err: console.Err}, runtime)
	if err != nil {
		return err
	}
	return d.attend(context.WithoutCancel(ctx), attached.ID, attached, console)
}

// attend runs the command in the container and makes sure that nothing of it is
// left, even if this process is killed.
func (d *Deployer) attend(ctx context.Context, id string, attached attached, console Console) error {
	defer func() { _ = attached.Remove(ctx) }()
	release, err := d.reaper(id)
	if err != nil {
		return err
	}
	defer release()
	defer passSignals(ctx, attached, console)()
	if console.isTerminal() {
		state, err := term.MakeRaw(int(console.In.Fd()))
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(int(console.In.Fd()), state) }()
	}
	code, err := attached.Run(ctx)
	switch {
	case errors.Is(err, engine.ErrNoCommand):
		fmt.Fprintf(d.out, "deploy: %v\r\n", err)
		return program.Exit(exitNoCommand)
	case errors.Is(err, engine.ErrNotExecutable):
		fmt.Fprintf(d.out, "deploy: %v\r\n", err)
		return program.Exit(exitNotExecutable)
	case err == nil && code != 0:
		return program.Exit(code)
	}
	return err
}

// passSignals passes this process's signals on to the command until stop, and
// the size of the terminal whenever it changes.
func passSignals(ctx context.Context, attached attached, console Console) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	signals <- syscall.SIGWINCH // for the current size
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case told := <-signals:
				pass(ctx, attached, console, told.(syscall.Signal))
			}
		}
	}()
	return func() { signal.Stop(signals); cancel(); <-ended }
}

func pass(ctx context.Context, attached attached, console Console, told syscall.Signal) {
	if told != syscall.SIGWINCH {
		_ = attached.Signal(ctx, unix.SignalName(told)) // fails only if the command has ended
		return
	}
	if width, height, err := term.GetSize(int(console.Out.Fd())); err == nil {
		_ = attached.Resize(ctx, width, height)
	}
}

// leaveReaper starts a process that outlives this one and then removes the
// container: its input ends with this process, whatever ends it.
func (d *Deployer) leaveReaper(id string) (release func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	reaper := exec.Command(self, "reap", d.colour.name, id)
	reaper.Dir = "/"
	reaper.Env = append(repo.WithoutGit(os.Environ()), "DEPLOY_DIR="+d.config.Dir)
	reaper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	input, err := reaper.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := reaper.Start(); err != nil {
		return nil, err
	}
	return func() { _ = input.Close(); _ = reaper.Wait() }, nil
}

// Reap removes a one-off container once the input ends, which the container's
// owner holds open.
func (d *Deployer) Reap(ctx context.Context, id string, owner io.Reader) error {
	_, _ = io.Copy(io.Discard, owner)
	return d.docker.RemoveOneOff(ctx, id)
}

// sweepOneOffs removes the one-off containers that nobody waits for any more.
func (d *Deployer) sweepOneOffs(ctx context.Context) error {
	owners, err := d.docker.OneOffs(ctx, d.colour.name)
	for id, owner := range owners {
		if !ledger.ReadProcess(owner).Alive() {
			err = errors.Join(err, d.docker.RemoveOneOff(ctx, id))
		}
	}
	return err
}

// endOneOffs removes the colour's one-off containers, even those that a process
// waits for.
func (d *Deployer) endOneOffs(ctx context.Context) error {
	owners, err := d.docker.OneOffs(ctx, d.colour.name)
	for id := range owners {
		d.out.step("Ending a command of bin/deploy run %s", d.colour.name)
		err = errors.Join(err, d.docker.RemoveOneOff(ctx, id))
	}
	return err
}
