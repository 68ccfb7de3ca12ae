// Package stream is a text that grows and the way to a browser.
//
// The writer adds a line of random text to a file every so often and keeps
// socat running, which sends the whole file to whoever connects. The reader
// answers HTTP requests with what it reads from there. The two meet on the
// socket only, and the file's name and socat's arguments are fixed by the
// contract that people and scripts rely on.
package stream

import (
	"time"

	"deux/internal/settings"
)

// FileName is the file that the writer writes and socat opens.
const FileName = "random"

// WriterConfig is what can be set about the writer.
type WriterConfig struct {
	DataDir   string        // the directory of the file, writable
	Interval  time.Duration // from one line to the next
	KeepBytes int           // the file's size at most
	Port      int           // where socat listens, on all addresses
}

// ReadWriterConfig reads the writer's settings; err has a line for each bad one.
// A file of KeepBytes, with the carriage returns that socat adds, fits what a
// reader takes by default.
func ReadWriterConfig(env *settings.Reader) (config WriterConfig, err error) {
	config = WriterConfig{
		DataDir:   env.String("DATA_DIR", "."),
		Interval:  env.Duration("WRITE_INTERVAL", 2*time.Minute, time.Millisecond),
		KeepBytes: 64 << 10,
		Port:      env.WriterPort(),
	}
	return config, env.Err()
}

// ReaderConfig is what can be set about the reader.
type ReaderConfig struct {
	Port        int           // where HTTP is served, on all addresses
	Writer      string        // HOST:PORT of the writer's socat
	ReadTimeout time.Duration // for one read from the writer, dialling included
	MaxBytes    int           // the most that one read may give
}

// ReadReaderConfig reads the reader's settings; err has a line for each bad one.
func ReadReaderConfig(env *settings.Reader) (config ReaderConfig, err error) {
	config = ReaderConfig{
		Port:        env.ReaderPort(),
		Writer:      env.Address("WRITER_ADDR", "write:7000"),
		ReadTimeout: env.Duration("READ_TIMEOUT", 5*time.Second, time.Millisecond),
		MaxBytes:    env.Int("MAX_STREAM_BYTES", 1<<20, 1, 1<<30),
	}
	return config, env.Err()
}
