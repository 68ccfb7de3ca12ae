// Proxy forwards each request to the next server of a Redis list that it
// rotates.
package main

import (
	"context"
	"flag"
	"log/slog"

	"deux/internal/program"
	"deux/internal/proxy"
	"deux/internal/settings"
)

var health = flag.Bool("health", false, "only ask the proxy that runs on this host whether it serves; exit 0 if it does")

func main() {
	flag.Parse()
	program.Main("proxy", run)
}

func run(ctx context.Context, log *slog.Logger) error {
	config, err := proxy.ReadConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	if *health {
		return proxy.CheckHealth(ctx, config)
	}
	return proxy.Run(ctx, config, log)
}
