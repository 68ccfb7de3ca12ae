package deploy

import (
	"errors"
	"io/fs"
	"os"
)

// files is every way in which a file changes that is not the ledger's: of the
// checkout, and the logs that are kept. They need not outlive a power cut: the
// next push writes the ones anew, and the others are for people.
type files interface {
	MakeFolder(path string, mode fs.FileMode) error
	Write(path string, content []byte, mode fs.FileMode) error
	Rename(from, to string) error
	// Remove removes a file, or a folder with all that is in it, if it is there.
	Remove(path string) error
}

// hostFiles are the host's.
type hostFiles struct{}

func (hostFiles) MakeFolder(path string, mode fs.FileMode) error { return os.MkdirAll(path, mode) }

func (hostFiles) Write(path string, content []byte, mode fs.FileMode) error {
	return os.WriteFile(path, content, mode)
}

func (hostFiles) Rename(from, to string) error { return os.Rename(from, to) }
func (hostFiles) Remove(path string) error     { return os.RemoveAll(path) }

// replaceFolder replaces one folder with another.
func replaceFolder(on files, from, to string) error {
	old := to + ".old"
	if err := on.Remove(old); err != nil {
		return err
	}
	if err := on.Rename(to, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := on.Rename(from, to); err != nil {
		return err
	}
	return on.Remove(old)
}
