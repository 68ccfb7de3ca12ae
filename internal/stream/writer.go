package stream

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Writer adds a line of random text to the file at every interval.
type Writer struct {
	file     *file
	interval time.Duration
	log      *slog.Logger
}

// NewWriter adds the first line, so that there is a file to serve from now on.
// The error says why the directory can't be written to.
func NewWriter(config WriterConfig, log *slog.Logger) (*Writer, error) {
	file, err := openFile(config.DataDir, config.KeepBytes)
	if err != nil {
		return nil, fmt.Errorf("opening DATA_DIR: %w", err)
	}
	if err := file.add(randomLine(time.Now())); err != nil {
		return nil, fmt.Errorf("writing to DATA_DIR: %w", err)
	}
	log.Info("Writing", "file", file.path, "interval", config.Interval)
	return &Writer{file: file, interval: config.Interval, log: log}, nil
}

// Run adds the lines after the first until ctx ends. A line that can't be
// written, say because the disk is full, is logged; the next is tried on time.
func (w *Writer) Run(ctx context.Context) {
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w.write(now)
		}
	}
}

func (w *Writer) write(now time.Time) {
	if err := w.file.add(randomLine(now)); err != nil {
		w.log.Error("Line lost", "error", err)
	}
}
