// Package supervisor keeps infrastructure running in the background, where it
// outlives the shell that started it and is started again when it dies. The
// supervisor is the same program once more, and does nothing else.
//
// One folder has all that is known: the supervisor holds a flock in it, which the
// kernel drops with the process, and a fingerprint tells what it keeps running.
// Those that start and stop it take turns.
package supervisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deux/internal/program"
)

// Supervisor starts, stops and supervises infrastructure.
type Supervisor struct {
	Dir         string       // for its log and what is known of it
	LockFile    string       // held by the program while it runs, with its process id in it
	Program     string       // the executable
	Fingerprint string       // changes when the program or a setting does
	Pace        program.Pace // in which it is started again
	Out         io.Writer    // for the person who starts and stops it
}

// Arguments of the executable: to call Supervise, and to work as the child of one
// that does, which anybody else starts without an argument or with another.
const (
	Argument      = "supervise"
	ChildArgument = "supervised"
)

// Pace is how fast a program is started again that dies.
var Pace = program.Pace{First: time.Second, Most: 30 * time.Second, Steady: time.Minute}

// Files in Dir. Earlier versions, whose supervisor was a shell, have the same
// names, so that each ends what the other started.
const (
	turnFile        = "supervisor.turn" // locked by whoever starts or stops it
	lockFile        = "supervisor.lock" // locked by the supervisor
	pidFile         = "supervisor.pid"  // its process
	fingerprintFile = "fingerprint"
	logFile         = "infrastructure.log"
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

// isOrphan reports whether the program runs without its supervisor, which was
// killed. The kernel has told it to end (Supervise).
func (s *Supervisor) isOrphan() bool {
	if s.isSupervised() || !s.IsRunning() {
		return false
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", program.ReadPID(s.LockFile)))
	return err == nil && strings.HasSuffix(string(line), "\x00"+ChildArgument+"\x00") // proc(5)
}

// isCurrent reports whether what is supervised is what would be started now.
func (s *Supervisor) isCurrent() bool {
	known, err := os.ReadFile(s.path(fingerprintFile))
	return err == nil && string(known) == s.Fingerprint
}

// enter waits for its turn to start or stop the program, until leave.
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

// Fingerprint returns what changes when the executable or one of the settings
// does, and does not show them.
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
