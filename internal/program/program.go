// Package program is what every main in cmd/ has in common: a context that
// SIGINT and SIGTERM end, a structured logger on standard error, and an exit
// code. What a program does is in the function it hands to Main.
package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"deux/internal/settings"
)

// RunFunc is a program without its process: it returns nil when ctx ends and
// it has finished what it was doing, and an error when it cannot go on.
type RunFunc func(ctx context.Context, log *slog.Logger) error

// ErrReported stands for an error that the program has already reported: Main
// exits with 1 and prints nothing.
var ErrReported = errors.New("reported already")

// Exit is an error that stands for the exit code of a command that the program
// ran. Nothing is printed about it.
type Exit int

// Error names the exit code.
func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Main runs the program called name until it returns or the process gets SIGINT
// or SIGTERM, and exits: 0 after a clean end, 1 after an error, which is
// printed as one line. A second signal kills the process at once. The setting
// LOG_FORMAT chooses the form of its log.
func Main(name string, run RunFunc) {
	Command(name, func(ctx context.Context) error {
		heedMemoryLimit(memoryFiles)
		log, err := newLog(os.Stderr, name, settings.FromEnvironment())
		if err != nil {
			return err
		}
		return run(ctx, log)
	})
}

// Command is Main for a program that answers a person and keeps no log: it
// ignores LOG_FORMAT.
func Command(name string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	err := run(ctx)
	if exit := Exit(0); errors.As(err, &exit) {
		os.Exit(int(exit))
	}
	if err != nil && !errors.Is(err, ErrReported) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	}
	if err != nil {
		os.Exit(1)
	}
}
