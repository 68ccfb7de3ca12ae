package deploy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"deux/internal/redistest"
)

// init is the reaper that bin/deploy run leaves, in this test's own binary: it says
// in DEPLOY_DIR how it was started, and that its input has ended.
func init() {
	if len(os.Args) != 4 || os.Args[1] != "reap" {
		return
	}
	session, err := unix.Getsid(0)
	folder, failure := os.Getwd()
	words := fmt.Sprintf("%s in %s, alone: %v", strings.Join(os.Args[1:], " "), folder, session == os.Getpid())
	said := strings.Join(append(os.Environ(), words), "\n")
	path := filepath.Join(os.Getenv("DEPLOY_DIR"), "reaper")
	err = errors.Join(err, failure, os.WriteFile(path+".new", []byte(said), 0o644), os.Rename(path+".new", path))
	_, failure = io.Copy(io.Discard, os.Stdin)
	if errors.Join(err, failure, os.WriteFile(path+".ended", nil, 0o644)) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// A reaper in the session of its owner would die with it at the terminal's Ctrl-C.
func TestReaper_WaitsInASessionOfItsOwnUntilItsOwnerIsGone(t *testing.T) {
	t.Setenv("GIT_DIR", "/elsewhere")
	d, _ := offline(t)
	release, err := d.leaveReaper("id")
	if err != nil {
		t.Fatal(err)
	}
	var said []byte
	path := filepath.Join(d.config.Dir, "reaper")
	redistest.Eventually(t, func() bool { said, _ = os.ReadFile(path); return said != nil }, func() { t.Fatal("no reaper came") })
	if _, err := os.Stat(path + ".ended"); err == nil {
		t.Error("its input ended while its owner lived")
	}
	release()
	if _, err := os.Stat(path + ".ended"); err != nil {
		t.Errorf("released: got %v, want that its input has ended", err)
	}
	if want := "\nreap blue id in /, alone: true"; !strings.HasSuffix(string(said), want) {
		t.Errorf("got\n%s\nwant %q at its end", said, want)
	}
	if strings.Contains(string(said), "GIT_") || !strings.Contains(string(said), "DEPLOY_DIR="+d.config.Dir+"\n") {
		t.Errorf("got the environment\n%s\nwant DEPLOY_DIR, and nothing of git", said)
	}
}

// endOfInput is an input that has just ended.
type endOfInput func()

func (end endOfInput) Read([]byte) (int, error) { end(); return 0, errors.New("closed") }

func TestReaper_RemovesTheContainerOnceItsOwnerIsGone(t *testing.T) {
	e := newEstate()
	e.owners["id"] = "12 34"
	d, _ := offline(t)
	d.docker = estateDocker{estate: e}
	waited := false
	owner := endOfInput(func() {
		if _, waited = e.owners["id"]; !waited {
			t.Error("it was removed while its owner lived")
		}
	})
	if err := d.Reap(t.Context(), "id", owner); err != nil || !waited || len(e.owners) > 0 {
		t.Errorf("got %v, waited: %v, and %v left, want it removed after its owner", err, waited, e.owners)
	}
}
