package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"deux/internal/deploy"
)

// command is one thing that bin/deploy can do. Its arguments are as the usage
// shows them: the first is the colour, in brackets if leaving it out means both.
// run gets those after the colour, and returns errUsage for arguments that it
// does not accept. A command without about is for programs and not shown.
type command struct {
	name      string
	arguments string
	about     string
	run       func(ctx context.Context, d *deploy.Deployer, arguments []string) error
}

// commands is everything that bin/deploy can do. init has no run: it makes what
// the others open.
var commands = []command{
	{"status", "[COLOUR]", "what runs, what main holds instead, what is under way; fails if the app does not answer", alone((*deploy.Deployer).Status)},
	{"history", "COLOUR [--long]", "every push: when, result, commit, seconds, who, subject; --long for scripts", history},
	{"rollback", "COLOUR [REVISION]", "run the previous release, or one of the last KEEP_RELEASES, without a build", rollback},
	{"forward", "COLOUR", "run what the pushed branch holds, as after a rollback", alone((*deploy.Deployer).Forward)},
	{"env", "COLOUR set|unset|list …", "the app's variables and secret files; bin/deploy env blue says how", env},
	{"volume", "COLOUR ls | add NAME:/PATH | rm NAME [--yes]", "folders of the app that outlive its releases", volume},
	{"logs", "COLOUR [-f] [--since 10m] [--grep REGEXP] [--release REVISION|previous|failed|all]", "what the app printed", logs},
	{"run", "COLOUR -- COMMAND…", "run a command in a container of its own, with what the app is given", runOnce},
	{"restore", "[COLOUR]", "bring back the release that should run", alone((*deploy.Deployer).Restore)},
	{"down", "[COLOUR] [--clean]", "end the apps; with --clean, remove their images too, here and in the registry", down},
	{"init", "", "make the repositories and their hooks (make deploy-init)", nil},
	{"update", "COLOUR REF OLD NEW", "", update},
	{"post-receive", "COLOUR", "", alone(postReceive)},
	{"heal", "COLOUR", "", alone((*deploy.Deployer).Heal)},
	{"reap", "COLOUR CONTAINER", "", reap},
	{"settle", "COLOUR PROCESS", "", settle},
	{"hold", "COLOUR -- COMMAND…", "", hold},
}

// errUsage means that a command does not accept these arguments.
var errUsage = errors.New("not with these arguments")

// find returns the command that a non-empty command line names and its arguments,
// or an error that says what to type instead.
func find(commands []command, line []string) (command, []string, error) {
	at := slices.IndexFunc(commands, func(c command) bool { return c.name == line[0] })
	if at < 0 {
		return command{}, nil, fmt.Errorf("unknown command %q: bin/deploy -h lists them", line[0])
	}
	found, arguments := commands[at], line[1:]
	missing := found.run != nil && len(arguments) == 0 && !found.forBoth(arguments)
	if missing || found.run == nil && len(arguments) > 0 {
		return command{}, nil, found.misused()
	}
	return found, arguments, nil
}

// forBoth reports whether the command is for both colours, because the arguments
// name none.
func (c command) forBoth(arguments []string) bool {
	return strings.HasPrefix(c.arguments, "[COLOUR]") && (len(arguments) == 0 || strings.HasPrefix(arguments[0], "-"))
}

// misused returns an error that says how to use the command.
func (c command) misused() error {
	return fmt.Errorf("usage: bin/deploy %s%s", strings.TrimSpace(c.name+" "+c.arguments), help[c.name])
}

// help is what the one-line usage of a command leaves out, by name.
var help = map[string]string{"env": envHelp}

// usage lists the commands that people use. If a command's arguments are long,
// its description is on the next line.
func usage(commands []command) string {
	const column = 28
	text := new(strings.Builder)
	fmt.Fprintln(text, "usage: bin/deploy COMMAND")
	for _, c := range commands {
		line := strings.TrimSpace(fmt.Sprintf("%-8s %s", c.name, c.arguments))
		switch {
		case c.about == "":
		case len(line) > column:
			fmt.Fprintf(text, "  %s\n  %*s %s\n", line, column, "", c.about)
		default:
			fmt.Fprintf(text, "  %-*s %s\n", column, line, c.about)
		}
	}
	fmt.Fprint(text, `
COLOUR is blue or green. Git's hooks run "update COLOUR REF OLD NEW" and
"post-receive COLOUR"; update leaves a "settle COLOUR" running until the push
has ended and nothing of it is left. Infrastructure runs "heal COLOUR": restore,
unless the app is down. A backup runs "hold COLOUR -- COMMAND", for which pushes
wait.
`)
	return text.String()
}

// alone makes a run function for a command that takes only the colour.
func alone(do func(*deploy.Deployer, context.Context) error) func(context.Context, *deploy.Deployer, []string) error {
	return func(ctx context.Context, d *deploy.Deployer, arguments []string) error {
		if len(arguments) > 0 {
			return errUsage
		}
		return do(d, ctx)
	}
}

func history(_ context.Context, d *deploy.Deployer, arguments []string) error {
	switch {
	case len(arguments) == 0:
		return d.History(deploy.WidthOrNone(os.Stdout))
	case slices.Equal(arguments, []string{"--long"}):
		return d.LongHistory()
	}
	return errUsage
}

func rollback(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	if len(arguments) > 1 {
		return errUsage
	}
	return d.Rollback(ctx, append(arguments, "")[0])
}

func down(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	clean := slices.Equal(arguments, []string{"--clean"})
	if len(arguments) > 0 && !clean {
		return errUsage
	}
	return d.Down(ctx, clean)
}

func update(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	if len(arguments) != 3 {
		return errUsage
	}
	return d.Update(ctx, arguments[0], arguments[1], arguments[2])
}

func postReceive(d *deploy.Deployer, ctx context.Context) error { return d.PostReceive(ctx, os.Stdin) }
