// Package supervisor keeps infrastructure running in the background, where it
// outlives the shell that started it and is started again when it dies. The
// supervisor is a second process of the same program, and does nothing else.
//
// One folder holds its state: a flock of the supervisor, which the kernel drops
// with the process, and a fingerprint of what it keeps running. Processes that
// start or stop it take turns.
package supervisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"deux/internal/program"
)

// Supervisor starts, stops and supervises infrastructure.
type Supervisor struct {
	Dir         string       // for its log and its state
	LockFile    string       // held by the program while it runs, with its process id in it
	Program     string       // the executable
	Fingerprint string       // changes when the program or a setting does
	Pace        program.Pace // at which it is started again
	Out         io.Writer    // what the person at the terminal reads
}

// Arguments of the executable: to call Supervise, and to work as its child.
// Only a supervisor passes the latter.
const (
	Argument      = "supervise"
	ChildArgument = "supervised"
)

// Pace is how fast a program that dies is started again.
var Pace = program.Pace{First: time.Second, Most: 30 * time.Second, Steady: time.Minute}

// Files in Dir. Earlier versions, whose supervisor was a shell script, use the
// same names, so that each can end what the other started.
const (
	turnFile        = "supervisor.turn" // locked while it is started or stopped
	lockFile        = "supervisor.lock" // locked by the supervisor
	pidFile         = "supervisor.pid"  // its process id
	fingerprintFile = "fingerprint"
	logFile         = "infrastructure.log"
	olderLogFile    = logFile + ".1"
)

// stopTimeout is how long the program may take to end.
const stopTimeout = 60 * time.Second

func (s *Supervisor) path(file string) string { return filepath.Join(s.Dir, file) }

func (s *Supervisor) say(format string, values ...any) {
	fmt.Fprintf(s.Out, "==> "+format+"\n", values...)
}

// IsRunning reports whether the program runs, however it was started.
func (s *Supervisor) IsRunning() bool { return program.IsLocked(s.LockFile) }

// isSupervised reports whether a supervisor runs.
func (s *Supervisor) isSupervised() bool { return program.IsLocked(s.path(lockFile)) }

// isOrphan reports whether the program runs without its supervisor, because
// that was killed. The kernel has told it to end (Supervise). One whose
// supervisor lives is that of another checkout.
func (s *Supervisor) isOrphan() bool {
	if s.isSupervised() || !s.IsRunning() {
		return false
	}
	holder := program.ReadPID(s.LockFile)
	return isCalledWith(holder, ChildArgument) && topOf(holder) == holder
}

// isCurrent reports whether what is supervised is what would be started now.
func (s *Supervisor) isCurrent() bool {
	known, err := os.ReadFile(s.path(fingerprintFile))
	return err == nil && string(known) == s.Fingerprint
}

// enter takes the turn to start or stop the program, until leave is called.
func (s *Supervisor) enter(ctx context.Context) (leave func() error, err error) {
	for {
		turn, err := program.TakeLock(s.path(turnFile))
		if err == nil {
			return turn.Close, nil
		}
		if err != program.ErrLocked || ctx.Err() != nil {
			return nil, err
		}
	}
}

// Fingerprint returns a text that changes when the executable or a setting
// does, and reveals no setting.
func Fingerprint(executable string, settings []string) (string, error) {
	file, err := os.Open(executable)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "%q", settings)
	return hex.EncodeToString(sum.Sum(nil)), nil
}
