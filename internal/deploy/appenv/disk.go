package appenv

import (
	"errors"
	"os"
	"path/filepath"

	"deux/internal/program"
)

// disk is every operation that changes a file here. Each is on the disk when it
// returns, so that a power cut is like the death of the process: what was done
// stays done. In tests die returns an error where the process is to die.
type disk struct{ die func() error }

func (d disk) alive() error {
	if d.die == nil {
		return nil
	}
	return d.die()
}

// mkdir makes a folder that only its owner may enter, if it is not there.
func (d disk) mkdir(path string) error {
	if err := d.alive(); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(path, 0o700), program.SyncFolder(filepath.Dir(path)))
}

// write creates a file with that mode, whatever the umask.
func (d disk) write(path string, content []byte, mode os.FileMode) error {
	if err := d.alive(); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := d.alive(); err != nil {
		return errors.Join(err, file.Close())
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Chmod(mode), file.Sync(), file.Close(), program.SyncFolder(filepath.Dir(path)))
}

// replace replaces a file.
func (d disk) replace(path string, content []byte, mode os.FileMode) error {
	if err := d.alive(); err != nil {
		return err
	}
	return program.ReplaceFile(path, content, mode)
}

// removeUnfinished removes what an interrupted replace left.
func (d disk) removeUnfinished(path string) error {
	if err := d.alive(); err != nil {
		return err
	}
	if err := program.RemoveUnfinished(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d disk) rename(from, to string) error {
	if err := d.alive(); err != nil {
		return err
	}
	return errors.Join(os.Rename(from, to), program.SyncFolder(filepath.Dir(to)))
}

func (d disk) removeAll(path string) error {
	if err := d.alive(); err != nil {
		return err
	}
	return os.RemoveAll(path)
}
