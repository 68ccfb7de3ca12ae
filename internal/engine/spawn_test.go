package engine

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// spawnerOf returns a spawner of a script, and what it logs.
func spawnerOf(t *testing.T, script string) (*Spawner, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spawn.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nset -eu\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	log := new(bytes.Buffer)
	return &Spawner{Root: filepath.Dir(path), Script: path, Env: []string{"HOST_IP=192.0.2.1"},
		Log: slog.New(slog.NewTextHandler(log, nil))}, log
}

func TestSpawn_GivesTheScriptItsArgumentsAndSettings(t *testing.T) {
	s, log := spawnerOf(t, `echo "==> $1 $2 $3 on $HOST_IP in $(pwd) as $SERVER_VERSION"`)
	if err := s.Spawn(t.Context(), "webapp_3001", 3001, "webapp_3001_app", "v1"); err != nil {
		t.Fatal(err)
	}
	if want := "webapp_3001 3001 webapp_3001_app on 192.0.2.1 in " + s.Root + " as v1"; !strings.Contains(log.String(), want) {
		t.Errorf("log: got %q, want %q in it", log, want)
	}
}

func TestSpawn_ThatFailsEndsWithWhatTheFailedStepSaid(t *testing.T) {
	s, _ := spawnerOf(t, `
echo "==> Building"; echo "lots of output"
echo "==> Starting"; printf '%064d\n' 7; echo "docker: port is already allocated on web ($(printf %064d 7))." >&2
echo "Run 'docker run --help' for more information"
exit 125`)
	err := s.Spawn(t.Context(), "webapp_3001", 3001, "webapp_3001_app", "v1")
	if err == nil || !strings.HasSuffix(err.Error(), "spawn.sh: exit status 125: docker: port is already allocated on web.") {
		t.Errorf("got %v, want the exit status and what the step Starting said, without ids and manuals", err)
	}
}

func TestSpawn_ALineOfAnyLengthDoesNotStopTheScript(t *testing.T) {
	s, _ := spawnerOf(t, `head -c 3000000 /dev/zero | tr '\0' x; echo; echo "==> Started"`)
	if err := s.Spawn(t.Context(), "webapp_3001", 3001, "webapp_3001_app", "v1"); err != nil {
		t.Error(err)
	}
}

func TestSpawn_ThatIsCancelledEndsTheScriptAndItsChildren(t *testing.T) {
	s, _ := spawnerOf(t, `sleep 60 & echo $! >child; echo "==> Building"; wait`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(s.Root, "child")); err == nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	begun := time.Now()
	if err := s.Spawn(ctx, "webapp_3001", 3001, "webapp_3001_app", "v1"); err == nil {
		t.Error("got nil, want an error")
	}
	if took := time.Since(begun); took > killDelay {
		t.Errorf("took %v, want less than %v: some child lived on and held the output", took, killDelay)
	}
}
