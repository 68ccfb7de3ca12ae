package stream

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"deux/internal/program"
)

// file is a text file that grows by lines and loses its oldest ones. Every
// change is a new file that takes the old one's name, so a process that opens
// the file gets all of one version, even during a change.
type file struct {
	path string
	keep int // bytes at most, more than any one line has
}

// openFile returns the file called FileName in dir. It keeps what the file has,
// and removes what a writer that was killed while writing left behind.
func openFile(dir string, keep int) (*file, error) {
	path := filepath.Join(dir, FileName)
	if err := program.RemoveUnfinished(path); err != nil {
		return nil, err
	}
	return &file{path: path, keep: keep}, nil
}

// add puts line at the end. The error is the file system's; the file is then
// unchanged.
func (f *file) add(line string) error {
	text, err := f.tail()
	if err != nil {
		return err
	}
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	text = append(text, line+"\n"...)
	return program.ReplaceFile(f.path, lastLines(text, f.keep), 0o644)
}

// tail returns the last bytes of the file, at most as many as are kept, and
// none if there is no file.
func (f *file) tail() ([]byte, error) {
	opened, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer opened.Close()

	info, err := opened.Stat()
	if err != nil {
		return nil, err
	}
	keep := int64(f.keep)
	return io.ReadAll(io.NewSectionReader(opened, max(0, info.Size()-keep), keep))
}

// lastLines returns the end of text, from the start of a line, in at most keep
// bytes.
func lastLines(text []byte, keep int) []byte {
	if len(text) <= keep {
		return text
	}
	before := len(text) - keep - 1
	return text[before+bytes.IndexByte(text[before:], '\n')+1:]
}
