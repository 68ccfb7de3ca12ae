// Reader answers every HTTP request on port 8000 with what the writer's socat
// sends on write:7000.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"

	"deux/internal/program"
	"deux/internal/settings"
	"deux/internal/stream"
)

var health = flag.Bool("health", false, "only ask the reader that runs on this host whether it serves; exit 0 if it does")

func main() {
	flag.Parse()
	program.Main("reader", run)
}

func run(ctx context.Context, log *slog.Logger) error {
	config, err := stream.ReadReaderConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	if *health {
		return program.CheckHealth(ctx, fmt.Sprintf("http://127.0.0.1:%d/healthz", config.Port))
	}

	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", config.Port))
	if err != nil {
		return err
	}
	return stream.NewReader(config, log).Serve(ctx, listener)
}
