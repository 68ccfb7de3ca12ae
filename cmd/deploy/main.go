// Deploy is what the git hooks of the blue and the green app run, and what a
// person runs to look at a release or to go back to an earlier one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"deux/internal/deploy"
	"deux/internal/program"
	"deux/internal/settings"
)

const usage = `usage: bin/deploy COMMAND
  status   [COLOUR]            what runs, where, whether it answers, what is under way; fails if it does not
  history  COLOUR              one line a push: when, result, revision, digest, who, seconds a step
  rollback COLOUR [REVISION]   run the release before, or one of the last five, without a build
  logs     COLOUR [-f]         what the app prints
  restore  [COLOUR]            bring back the release that should run
  down     [COLOUR] [--clean]  end the apps; with --clean, remove their images too
  init                         make the repositories and their hooks (make deploy-init)

COLOUR is blue or green. Git's hooks run "update COLOUR REF OLD NEW" and
"post-receive COLOUR"; the former leaves a "settle COLOUR" behind, which ends
with the push. Infrastructure runs "heal COLOUR": restore, unless it is down.`

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, usage) }
	flag.Parse()
	program.Command("deploy", run)
}

var errUsage = errors.New("no such command, or not with these arguments: bin/deploy -h lists them")

// forBoth are the commands that without a colour are for both.
var forBoth = []string{"status", "restore", "down"}

func run(ctx context.Context) error {
	// A pusher who goes away shows as a failed write, and is acted on there.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE, syscall.SIGHUP)
	syscall.Umask(0o022) // what is checked out is for the image's users too

	arguments := flag.Args()
	if len(arguments) == 0 {
		return errUsage
	}
	root, err := checkout()
	if err != nil {
		return err
	}
	switch command, rest := arguments[0], arguments[1:]; {
	case command == "init" && len(rest) == 0:
		return initialise(ctx, root)
	case slices.Contains(forBoth, command) && (len(rest) == 0 || rest[0] == "--clean"):
		return onEach(ctx, root, command, rest)
	case len(rest) > 0:
		return onColour(ctx, root, command, rest)
	}
	return errUsage
}

// checkout returns the folder that holds bin/deploy's folder.
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
func onEach(ctx context.Context, root, command string, rest []string) (last error) {
	for _, colour := range deploy.Colours {
		if err := onColour(ctx, root, command, append([]string{colour}, rest...)); err != nil {
			last = err
		}
	}
	return last
}

// onColour runs a command on the colour that its first argument names.
func onColour(ctx context.Context, root, command string, arguments []string) error {
	if err := deploy.CheckColour(arguments[0]); err != nil {
		return err
	}
	config, err := deploy.StoredConfig(repository(root, command, arguments[0]))
	if err != nil {
		return err
	}
	deployer, err := deploy.Open(config, arguments[0], os.Stdout)
	if err != nil {
		return err
	}
	defer deployer.Close()
	switch rest := arguments[1:]; {
	case command == "update" && len(rest) == 3:
		err = deployer.Update(ctx, rest[0], rest[1], rest[2])
	case command == "post-receive" && len(rest) == 0:
		err = deployer.PostReceive(ctx, os.Stdin)
	case command == "settle" && len(rest) == 0:
		err = deployer.Settle(ctx)
	case command == "history" && len(rest) == 0:
		err = deployer.History(ctx)
	case command == "status" && len(rest) == 0:
		err = deployer.Status(ctx)
	case command == "logs" && len(rest) <= 1:
		err = deployer.Logs(ctx, 0, len(rest) == 1 && rest[0] == "-f")
	case command == "restore" && len(rest) == 0:
		err = deployer.Restore(ctx)
	case command == "heal" && len(rest) == 0:
		err = deployer.Heal(ctx)
	case command == "down" && len(rest) == 0:
		err = deployer.Down(ctx, false)
	case command == "down" && len(rest) == 1 && rest[0] == "--clean":
		err = deployer.Down(ctx, true)
	case command == "rollback" && len(rest) <= 1:
		err = deployer.Rollback(ctx, append(rest, "")[0])
	default:
		err = errUsage
	}
	if errors.Is(err, deploy.ErrRefused) || errors.Is(err, deploy.ErrUnwell) {
		return program.ErrReported
	}
	return err
}

// repository returns the colour's bare repository: in a hook, the one that git
// runs it in (githooks(5), GIT_DIR).
func repository(root, command, colour string) string {
	git := os.Getenv("GIT_DIR")
	if path, err := filepath.Abs(git); git != "" && err == nil && (command == "update" || command == "post-receive") {
		return path
	}
	dir := os.Getenv("DEPLOY_DIR")
	if dir == "" {
		dir = filepath.Join(root, "deploy")
	}
	return filepath.Join(dir, colour+".git")
}
