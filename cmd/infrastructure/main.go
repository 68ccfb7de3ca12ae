// Infrastructure runs on the host, takes the wishes that the web app put into
// Redis and turns them into containers.
package main

import (
	"context"
	"log/slog"

	"deux/internal/infrastructure"
	"deux/internal/program"
	"deux/internal/settings"
)

func main() { program.Main("infrastructure", run) }

func run(ctx context.Context, log *slog.Logger) error {
	config, err := infrastructure.ReadConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	return infrastructure.Run(ctx, config, log)
}
