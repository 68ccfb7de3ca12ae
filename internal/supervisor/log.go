package supervisor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"deux/internal/program"
)

// maxLog is how long the log may become, in bytes, and logPause how long the
// supervisor waits between two looks at it.
const (
	maxLog   = 10 << 20
	logPause = time.Minute
)

// openLog opens a new log, and keeps the last one.
func (s *Supervisor) openLog() (*os.File, error) {
	path := s.path(logFile)
	if err := os.Rename(path, s.path(olderLogFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// keepLogShort shortens the log whenever it is too long, until ctx ends.
func (s *Supervisor) keepLogShort(ctx context.Context, log *slog.Logger) {
	for {
		if err := s.shortenLog(); err != nil {
			log.Warn("Cannot shorten the log", "error", err)
		}
		if !program.Sleep(ctx, logPause) {
			return
		}
	}
}

// shortenLog moves the content of a log that is too long to the older one. The
// file stays, because two processes write to it: they go on at its new end (open(2),
// O_APPEND). Only what they write between the copy's end and the next line is lost.
func (s *Supervisor) shortenLog() error {
	log, err := os.OpenFile(s.path(logFile), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	if info, err := log.Stat(); err != nil || info.Size() < maxLog {
		return err
	}
	older, err := os.Create(s.path(olderLogFile))
	if err != nil {
		return err
	}
	_, err = io.Copy(older, log)
	if err := errors.Join(err, older.Close()); err != nil {
		return err
	}
	return log.Truncate(0)
}
