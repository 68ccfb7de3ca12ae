// Package ledger is what is written down about a colour, in files of its bare
// repository: what runs, what is under way, what ran before, and which process
// may work on it. It knows only files, neither Docker nor Redis. What a process
// wrote before it was killed is all that the next one has to go on.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The files of a ledger. Other packages read and write the exported ones.
const (
	historyFile  = "history"      // every deployment, one JSON object per line
	currentFile  = "current.json" // the Deployment whose release should run
	underWayFile = "push.json"    // the Deployment that has not ended
	downFile     = "down"         // since when the app is not to run; absent while it is
	portFile     = "port"         // the port that the last candidate was given
	volumesFile  = "volumes.json" // the Volumes
	lockFile     = "lock"         // the process that works on the colour has its flock

	Configurations = "env"            // folder of the app's configurations
	Logs           = "logs"           // folder of the logs of containers that are gone
	Layers         = "layers"         // what the classic builder left
	Settings       = "settings"       // NAME=value, one per line
	Password       = "redis-password" // only the owner may read it
)

// folder holds the files in a bare repository.
const folder = "deux"

// Dir returns the folder of a bare repository's ledger.
func Dir(repository string) string { return filepath.Join(repository, folder) }

// Ledger is the files of one colour. Writing takes its Lock; reading takes none.
type Ledger struct {
	dir  string
	disk Disk
}

// At returns the ledger of a bare repository.
func At(repository string) *Ledger { return &Ledger{Dir(repository), disk{}} }

// On returns the ledger with another disk to make its changes.
func (l *Ledger) On(disk Disk) *Ledger { return &Ledger{l.dir, disk} }

// Path returns the path of a file of the ledger.
func (l *Ledger) Path(file string) string { return filepath.Join(l.dir, file) }

// lost has the files that no command may take for missing when they are damaged,
// and what is to be done after one was removed.
var lost = map[string]string{
	currentFile: "push or bin/deploy forward runs the app again",
	downFile:    "bin/deploy down ends the app again",
	volumesFile: "bin/deploy volume add gives the app its volumes again, before the next push",
}

// Check returns nil if the ledger was made and says what it said when it was
// written.
func (l *Ledger) Check() error {
	if _, err := os.Stat(l.dir); err != nil {
		return unmade(err)
	}
	for _, file := range slices.Sorted(maps.Keys(lost)) {
		content, err := os.ReadFile(l.Path(file))
		if err == nil && !isOf(file, content) {
			err = fmt.Errorf("%s is damaged: copy it from a backup, or remove it, and then %s", l.Path(file), lost[file])
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unmade says what makes the ledger, if the error is that it is not there.
func unmade(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: make deploy-init makes it", err)
	}
	return err
}

// isOf reports whether one of the files in lost can have that content.
func isOf(file string, content []byte) bool {
	switch file {
	case currentFile:
		p := new(Deployment)
		return json.Unmarshal(content, p) == nil && p.Revision != ""
	case downFile:
		since := new(time.Time)
		return json.Unmarshal(content, since) == nil && !since.IsZero()
	}
	return json.Unmarshal(content, new(Volumes)) == nil // null is none
}

// Make makes the folder of the ledger, and sees to the mode of a history that an
// older version left there.
func (l *Ledger) Make() error {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(l.Path(historyFile), historyMode); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Replace gives a file of the ledger new content.
func (l *Ledger) Replace(file string, content []byte) error {
	return l.disk.Replace(l.Path(file), content, 0o644)
}

// AppendTo adds a line to a file of the ledger, after the end of a half line
// that a full disk left there.
func (l *Ledger) AppendTo(file string, line []byte) error { return l.appendTo(file, line, 0o644) }

func (l *Ledger) appendTo(file string, line []byte, mode os.FileMode) error {
	if endsInHalfALine(l.Path(file)) {
		line = append([]byte("\n"), line...)
	}
	return l.disk.Append(l.Path(file), line, mode)
}

// endsInHalfALine reports whether the last line of a file has no line end.
func endsInHalfALine(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	last := make([]byte, 1)
	if _, err := file.Seek(-1, io.SeekEnd); err != nil {
		return false // it is empty
	}
	_, err = file.Read(last)
	return err == nil && last[0] != '\n'
}

// write replaces a file with the value as JSON.
func (l *Ledger) write(file string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return l.Replace(file, append(content, '\n'))
}

// read reads what write wrote, and reports whether there is anything.
func (l *Ledger) read(file string, value any) bool {
	content, err := os.ReadFile(l.Path(file))
	return err == nil && json.Unmarshal(content, value) == nil
}

// remove removes a file, which need not exist.
func (l *Ledger) remove(file string) error {
	if err := l.disk.Remove(l.Path(file)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
