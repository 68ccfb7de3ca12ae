// Deploy is what the git hooks of the blue and the green app run, and what a
// person runs to look at a release, configure it or go back to an earlier one.
// commands.go has the table of what it can do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/term"

	"deux/internal/deploy"
	"deux/internal/program"
	"deux/internal/settings"
)

func main() {
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage(commands)) }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	program.Command("deploy", run)
}

func run(ctx context.Context) error {
	// A pusher who goes away is noticed by a failed write and handled there.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE, syscall.SIGHUP)
	syscall.Umask(0o022) // the image's users must be able to read the checkout

	command, arguments, err := find(commands, flag.Args())
	if err != nil {
		return err
	}
	root, err := checkout()
	if err != nil {
		return err
	}
	switch {
	case command.run == nil:
		return initialise(ctx, root)
	case command.forBoth(arguments):
		return onEach(ctx, root, command, arguments)
	}
	return onColour(ctx, root, command, arguments[0], arguments[1:])
}

// checkout returns the parent of bin/deploy's folder.
func checkout() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	return filepath.Dir(filepath.Dir(program)), err
}

func initialise(ctx context.Context, root string) error {
	config, err := deploy.ReadConfig(settings.FromEnvironment(), filepath.Join(root, "deploy"))
	if err != nil {
		return err
	}
	return deploy.Initialise(ctx, config, root, os.Stdout)
}

// onEach runs a command on every colour and returns the last error.
func onEach(ctx context.Context, root string, command command, arguments []string) (last error) {
	for _, colour := range deploy.Colours {
		if err := onColour(ctx, root, command, colour, arguments); err != nil {
			last = err
		}
	}
	return last
}

// onColour runs a command on one colour.
func onColour(ctx context.Context, root string, command command, colour string, arguments []string) error {
	if err := deploy.CheckColour(colour); err != nil {
		return err
	}
	config, err := deploy.StoredConfig(repository(root, command, colour))
	if err != nil {
		return err
	}
	out, end := output(command)
	defer end()
	deployer, err := deploy.Open(config, colour, out)
	if err != nil {
		return err
	}
	defer deployer.Close()
	err = command.run(ctx, deployer, arguments)
	switch {
	case errors.Is(err, errUsage):
		return command.misused()
	case errors.Is(err, deploy.ErrRefused), errors.Is(err, deploy.ErrUnwell):
		return program.ErrReported
	}
	return err
}

// stepwise are the slow commands that name their steps.
var stepwise = []string{"rollback", "forward", "env", "volume", "restore", "down"}

// output returns where a command writes to, until end. On a terminal it counts
// the seconds of each step.
func output(command command) (out io.Writer, end func()) {
	if !slices.Contains(stepwise, command.name) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return os.Stdout, func() {}
	}
	live := deploy.NewLive(os.Stdout, deploy.Width(os.Stdout))
	return live, func() { _ = live.Close() }
}

// hooks are the commands that git's hooks run.
var hooks = []string{"update", "post-receive"}

// repository returns the colour's bare repository: in a hook, the one that git
// runs it in (githooks(5), GIT_DIR).
func repository(root string, command command, colour string) string {
	git := os.Getenv("GIT_DIR")
	if path, err := filepath.Abs(git); git != "" && err == nil && slices.Contains(hooks, command.name) {
		return path
	}
	dir := os.Getenv("DEPLOY_DIR")
	if dir == "" {
		dir = filepath.Join(root, "deploy")
	}
	return filepath.Join(dir, colour+".git")
}
