package main

import (
	"context"

	"deux/internal/deploy"
)

// volume lists, adds and removes the volumes of an app.
func volume(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	switch verb, rest := append(arguments, "")[0], arguments[min(len(arguments), 1):]; {
	case verb == "ls" && len(rest) == 0:
		return d.ListVolumes(ctx)
	case verb == "add" && len(rest) == 1:
		return d.AddVolume(ctx, rest[0])
	case verb == "rm" && len(rest) == 1:
		return d.RemoveVolume(ctx, rest[0], false)
	case verb == "rm" && len(rest) == 2 && rest[1] == "--yes":
		return d.RemoveVolume(ctx, rest[0], true)
	}
	return errUsage
}
