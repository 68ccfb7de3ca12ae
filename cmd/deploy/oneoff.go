package main

import (
	"context"
	"os"

	"deux/internal/deploy"
)

// runOnce runs a command beside the app.
func runOnce(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	return runCommand(ctx, d.RunOnce, arguments)
}

// hold runs a command while nobody deploys.
func hold(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	return runCommand(ctx, d.Hold, arguments)
}

// runCommand has run run the command that follows --.
func runCommand(ctx context.Context, run func(context.Context, deploy.Console, []string) error, arguments []string) error {
	if len(arguments) < 2 || arguments[0] != "--" {
		return errUsage
	}
	return run(ctx, deploy.Console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, arguments[1:])
}

// settle finishes or removes what a killed process leaves.
func settle(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	if len(arguments) != 1 {
		return errUsage
	}
	return d.SettleLater(ctx, arguments[0])
}

// reap removes what a killed run would leave.
func reap(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	if len(arguments) != 1 {
		return errUsage
	}
	return d.Reap(ctx, arguments[0], os.Stdin)
}
