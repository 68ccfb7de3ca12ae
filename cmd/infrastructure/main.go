// Infrastructure runs on the host, takes the wishes that the web app put into
// Redis and turns them into containers. It needs the settings in the environment,
// as scripts/infrastructure.sh exports them.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"deux/internal/infrastructure"
	"deux/internal/program"
	"deux/internal/settings"
	"deux/internal/supervisor"
)

const usage = `usage: scripts/infrastructure.sh [run | start | stop | running]
  run      in this terminal, until Ctrl-C
  start    in the background, where it is started again when it dies; does
           nothing when the same program with the same settings runs already,
           else replaces it
  stop     end what start has started
  running  succeed when one runs, however it was started
`

func main() {
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	switch command := flag.Arg(0); {
	case flag.NArg() == 0 || flag.NArg() == 1 && command == "run":
		program.Main("infrastructure", run)
	case flag.NArg() == 1 && command == supervisor.ChildArgument:
		program.Main("infrastructure", work)
	case flag.NArg() == 1 && command == supervisor.Argument:
		program.Main("supervisor", supervise)
	default:
		program.Command("infrastructure", func(ctx context.Context) error { return control(ctx, settings.FromEnvironment(), flag.Args()) })
	}
}

func run(ctx context.Context, log *slog.Logger) error {
	config, err := infrastructure.ReadConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	return infrastructure.Run(ctx, config, log)
}

// work is run for a supervisor.
func work(ctx context.Context, log *slog.Logger) error {
	s, err := newSupervisor(settings.FromEnvironment())
	if err == nil {
		s.Program, err = os.Executable()
	}
	if err != nil {
		return err
	}
	return s.Work(ctx, log, func(ctx context.Context) error { return run(ctx, log) })
}

func supervise(ctx context.Context, log *slog.Logger) error {
	s, err := newSupervisor(settings.FromEnvironment())
	if err == nil {
		err = identify(s)
	}
	if err != nil {
		return err
	}
	return s.Supervise(ctx, log)
}

// control runs the commands about an infrastructure in the background.
func control(ctx context.Context, env *settings.Reader, arguments []string) error {
	s, err := newSupervisor(env)
	if err != nil {
		return err
	}
	switch strings.Join(arguments, " ") {
	case "start":
		if err := identify(s); err != nil {
			return err
		}
		return s.Start(ctx)
	case "stop":
		return s.Stop(ctx)
	case "running":
		if !s.IsRunning() {
			return program.Exit(1)
		}
		return nil
	}
	fmt.Fprint(os.Stderr, usage)
	return program.Exit(2)
}

// newSupervisor reads only the settings that stop needs, which must work
// however bad the others are.
func newSupervisor(env *settings.Reader) (*supervisor.Supervisor, error) {
	_, folder, lockFile := infrastructure.Places(env)
	return &supervisor.Supervisor{Dir: folder, LockFile: lockFile, Pace: supervisor.Pace, Out: os.Stdout}, env.Err()
}

// identify reads all settings of the program, because a change to any of them
// makes start replace what runs.
func identify(s *supervisor.Supervisor) error {
	env := settings.FromEnvironment()
	_, _ = program.ReadLogFormat(env) // env remembers what is bad
	if _, err := infrastructure.ReadConfig(env); err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	s.Program = executable
	s.Fingerprint, err = supervisor.Fingerprint(executable, env.Read())
	return err
}
