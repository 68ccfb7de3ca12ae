package program

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ReplaceFile gives a file new content in one step: rename(2) is atomic, so a
// reader gets the old content or the new, whole, even if this process dies.
// Content and name are on the disk when it returns, so a power cut also leaves
// one or the other, never an empty file (fsync(2)).
func ReplaceFile(path string, content []byte, mode os.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), unfinished(path))
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // finds nothing once the file has its new name

	if err := errors.Join(fill(temporary, content, mode), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// unfinished is the prefix that new content's name has until it is complete.
func unfinished(path string) string { return "." + filepath.Base(path) + "-" }

func fill(file *os.File, content []byte, mode os.FileMode) error {
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil {
		return err
	}
	return file.Sync()
}

// RemoveUnfinished removes what a killed process left of a ReplaceFile of path.
// No other process may replace the file meanwhile.
func RemoveUnfinished(path string) error {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), unfinished(path)) || !entry.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// SyncFolder puts a folder's entries on the disk.
func SyncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// ReadPID returns the process id that a file holds, or 0.
func ReadPID(path string) int {
	content, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return pid
}
