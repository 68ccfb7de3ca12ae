package deploy

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/redistest"
	"deux/internal/settings"
)

func TestOpen_SaysWhatIsMissing(t *testing.T) {
	config, err := ReadConfig(settings.From(func(string) string { return "" }), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for colour, want := range map[string]string{
		"red":  `unknown colour "red": expected blue or green`,
		"blue": "no such file or directory: make deploy-init makes it",
	} {
		if _, err := Open(config, colour, io.Discard); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", colour, err, want)
		}
	}
	if err := os.MkdirAll(filepath.Join(config.Dir, "green.git", "deux"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := Open(config, "green", io.Discard) // neither Docker nor Redis is asked yet
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// The history says who pushed: over ssh, everybody is the same user.
func TestWho_IsTheUserAndTheAddressOfSSH(t *testing.T) {
	for _, test := range []struct{ connection, want string }{
		{"", userName()}, {"192.0.2.7 50522 192.0.2.1 22", userName() + "@192.0.2.7"}, {"2001:db8::7 1 2001:db8::1 22", userName() + "@2001:db8::7"},
	} {
		t.Setenv("SSH_CONNECTION", test.connection)
		if got := who(); got != test.want {
			t.Errorf("SSH_CONNECTION=%q: got %q, want %q", test.connection, got, test.want)
		}
	}
}

// init is the watcher that a push leaves, in this test's own binary: it says in
// DEPLOY_DIR how it was started.
func init() {
	if len(os.Args) != 4 || os.Args[1] != "settle" {
		return
	}
	folder, _ := os.Getwd()
	said := strings.Join(append(os.Environ(), strings.Join(os.Args[1:], " ")+" in "+folder), "\n")
	path := filepath.Join(os.Getenv("DEPLOY_DIR"), "watched")
	if os.WriteFile(path+".new", []byte(said+"\n"), 0o644) != nil || os.Rename(path+".new", path) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// Git's variables name the repository of the hook, which the watcher outlives.
func TestWatcher_IsLeftBehindWithoutGitsVariables(t *testing.T) {
	t.Setenv("GIT_DIR", "/elsewhere")
	d := &Deployer{config: Config{Dir: t.TempDir()}, colour: colour{name: "blue"}, git: ledger.Process{PID: 7, Started: "1234"}}
	if err := d.leaveWatcher(); err != nil {
		t.Fatal(err)
	}
	var said []byte
	redistest.Eventually(t, func() bool {
		said, _ = os.ReadFile(filepath.Join(d.config.Dir, "watched"))
		return said != nil
	}, func() { t.Fatal("no watcher came") })
	lines := strings.Split(string(said), "\n")
	if got := lines[len(lines)-2]; got != "settle blue 7 1234 in /" {
		t.Errorf("got %q, want it told the colour and the git, and in no folder that may go", got)
	}
	if strings.Contains(string(said), "GIT_") || !strings.Contains(string(said), "\nDEPLOY_DIR="+d.config.Dir+"\n") {
		t.Errorf("got the environment\n%s, want DEPLOY_DIR, and nothing of git", said)
	}
}

// A history that cannot be written is no reason to stop what runs.
func TestPush_IsDeployedEvenIfTheHistoryCannotBeWritten(t *testing.T) {
	w := pushedWorld(t)
	err := w.push(refusing("append to history"), w.revisions[2])
	if err != nil || !strings.Contains(w.said(), "\nwarning: writing the history: no luck\nDEPLOYED blue THREE sha256:THREE\n") {
		t.Errorf("got %v and\n%s, want it deployed with a warning", err, w.said())
	}
	if current, _ := w.ledger().Current(); current.Revision != w.revisions[2] || len(w.daemon.boxes) != 1 {
		t.Errorf("got %s current, %+v, want what was pushed", current.Revision, w.daemon.boxes)
	}
}
