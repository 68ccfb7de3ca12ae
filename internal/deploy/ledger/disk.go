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
	// Append adds a line to a file, in one write: a reader sees whole lines. The
	// file has that mode afterwards, whatever it had.
	Append(path string, line []byte, mode os.FileMode) error
	// Remove removes a file.
	Remove(path string) error
}

// disk is the host's disk.
type disk struct{}

func (disk) Replace(path string, content []byte, mode os.FileMode) error {
	return program.ReplaceFile(path, content, mode)
}

func (disk) Append(path string, line []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	err = file.Chmod(mode)
	_, failure := file.Write(line)
	return errors.Join(err, failure, file.Sync(), file.Close())
}

func (disk) Remove(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return program.SyncFolder(filepath.Dir(path))
}
