package ledger

import (
	"errors"
	"os"
	"path/filepath"

	"deux/internal/program"
)

// Disk is every way in which a file of the ledger changes. A change is on the
// disk when it returns, so that a power cut is like the death of the process.
type Disk interface {
	// Replace writes a file in one step.
	Replace(path string, content []byte, mode os.FileMode) error
	// Append adds a line to a file, in one write: a reader sees whole lines.
	Append(path string, line []byte) error
	// Remove removes a file.
	Remove(path string) error
}

// disk is the host's disk.
type disk struct{}

func (disk) Replace(path string, content []byte, mode os.FileMode) error {
	return program.ReplaceFile(path, content, mode)
}

func (disk) Append(path string, line []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	return errors.Join(err, file.Sync(), file.Close())
}

func (disk) Remove(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return program.SyncFolder(filepath.Dir(path))
}
