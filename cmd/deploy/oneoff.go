package main

import (
	"context"
	"os"

	"deux/internal/deploy"
)

// runOnce runs a command beside the app.
func runOnce(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	if len(arguments) < 2 || arguments[0] != "--" {
		return errUsage
	}
	return d.RunOnce(ctx, deploy.Console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, arguments[1:])
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
