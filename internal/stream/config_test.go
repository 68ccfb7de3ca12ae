package stream

import (
	"testing"
	"time"

	"deux/internal/settings"
)

func from(values map[string]string) *settings.Reader {
	return settings.From(func(name string) string { return values[name] })
}

func TestSettings_OfTheContractAreTheDefaults(t *testing.T) {
	writer, err := ReadWriterConfig(from(nil))
	if want := (WriterConfig{".", 2 * time.Minute, 65536, 7000}); err != nil || writer != want {
		t.Errorf("writer: got %+v, %v, want %+v", writer, err, want)
	}
	reader, err := ReadReaderConfig(from(nil))
	if want := (ReaderConfig{8000, "write:7000", 5 * time.Second, 1048576}); err != nil || reader != want {
		t.Errorf("reader: got %+v, %v, want %+v", reader, err, want)
	}
}

func TestSettings_ComeFromTheEnvironment(t *testing.T) {
	writer, err := ReadWriterConfig(from(map[string]string{
		"DATA_DIR": "/data", "WRITE_INTERVAL": "1s", "WRITER_PORT": "7001"}))
	if want := (WriterConfig{"/data", time.Second, 65536, 7001}); err != nil || writer != want {
		t.Errorf("writer: got %+v, %v, want %+v", writer, err, want)
	}
	reader, err := ReadReaderConfig(from(map[string]string{
		"READER_PORT": "8001", "WRITER_ADDR": "127.0.0.1:7001", "READ_TIMEOUT": "1s", "MAX_STREAM_BYTES": "10"}))
	if want := (ReaderConfig{8001, "127.0.0.1:7001", time.Second, 10}); err != nil || reader != want {
		t.Errorf("reader: got %+v, %v, want %+v", reader, err, want)
	}
}

func TestSettings_ThatAreBadAreRefusedByName(t *testing.T) {
	for _, name := range []string{"WRITE_INTERVAL", "WRITER_PORT"} {
		_, err := ReadWriterConfig(from(map[string]string{name: "0"}))
		wantErrorWith(t, err, name+`="0"`)
	}
	for _, name := range []string{"READER_PORT", "WRITER_ADDR", "READ_TIMEOUT", "MAX_STREAM_BYTES"} {
		_, err := ReadReaderConfig(from(map[string]string{name: "0"}))
		wantErrorWith(t, err, name+`="0"`)
	}
}

// The reader's default must take what the writer's largest file becomes when
// socat makes two bytes of each newline.
func TestSettings_LetTheReaderTakeTheLargestFile(t *testing.T) {
	writer, err := ReadWriterConfig(from(nil))
	reader, _ := ReadReaderConfig(from(nil))
	if err != nil || 2*writer.KeepBytes > reader.MaxBytes {
		t.Errorf("got a file of %d bytes (%v), want at most half of %d", writer.KeepBytes, err, reader.MaxBytes)
	}
}
