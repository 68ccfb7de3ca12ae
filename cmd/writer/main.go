// Writer adds a line of random text to a file every two minutes and has socat
// send the file to every client that connects to port 7000.
package main

import (
	"context"
	"flag"
	"log/slog"
	"sync"

	"deux/internal/program"
	"deux/internal/settings"
	"deux/internal/stream"
)

var health = flag.Bool("health", false, "only ask the writer that runs on this host for its text; exit 0 if it gives some")

func main() {
	flag.Parse()
	program.Main("writer", run)
}

func run(ctx context.Context, log *slog.Logger) error {
	config, err := stream.ReadWriterConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	if *health {
		return stream.CheckWriter(ctx, config.Port)
	}

	socat, err := stream.NewSocat(config, log)
	if err != nil {
		return err
	}
	writer, err := stream.NewWriter(config, log)
	if err != nil {
		return err
	}
	var writing sync.WaitGroup
	writing.Go(func() { writer.Run(ctx) })
	socat.Run(ctx)
	writing.Wait()
	return nil
}
