// Webapp serves the pages of one server of the fleet, on the port that the
// environment variable start_port names.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"

	"deux/internal/fleet"
	"deux/internal/program"
	"deux/internal/settings"
	"deux/internal/webapp"
)

var health = flag.Bool("health", false, "only ask the web server on this host whether it serves; exit 0 if it does")

func main() {
	flag.Parse()
	program.Main("webapp", run)
}

func run(ctx context.Context, log *slog.Logger) error {
	config, err := webapp.ReadConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	if *health {
		return program.CheckHealth(ctx, fmt.Sprintf("http://127.0.0.1:%d/healthz", config.Port))
	}

	store := fleet.Open(config.Redis, config.Site).As("webapp")
	defer store.Close()
	app, err := webapp.New(config, store, log)
	if err != nil {
		return err
	}
	config.Password = "" // the app keeps its hash
	if err := os.Unsetenv("ADMIN_PASSWORD"); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", config.Port))
	if err != nil {
		return err
	}
	return app.Serve(ctx, listener)
}
