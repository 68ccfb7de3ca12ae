package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// noticedWithin is what is promised of an app that hangs, dies or is gone.
const noticedWithin = 3 * time.Second

// busyHost is how many times as long a host may take that does more.
const busyHost = 6

// watched is a system whose infrastructure runs, with an app deployed to blue.
type watched struct {
	*deploySystem
	revision string
}

// watch starts infrastructure, until the subtest ends, and deploys an app.
func (s *deploySystem) watch() watched {
	s.t.Helper()
	s.with(fmt.Sprintf("FIRST_PORT=%d", s.ports["REDIS_PORT"]+8),
		"LOCK_FILE="+filepath.Join(s.dir, "infrastructure.lock"), "HEALTH_TIMEOUT=8s", "HANG_TIMEOUT=8s", "STOP_GRACE_SECONDS=1")
	s.must(s.root, "scripts/infrastructure.sh", "start")
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("infrastructure's log:\n%s", s.infrastructureLog())
		}
		s.must(s.root, "scripts/infrastructure.sh", "stop")
	})
	w := s.work("one")
	w.deployed("blue")
	app := watched{s, w.head()}
	app.well()
	return app
}

func (s *deploySystem) infrastructureLog() string {
	for _, variable := range s.env {
		if dir, found := strings.CutPrefix(variable, "VAR="); found {
			log, _ := os.ReadFile(filepath.Join(dir, "infrastructure.log"))
			return string(log)
		}
	}
	return ""
}

func (w watched) inspect(format string) string {
	output, _ := w.command(w.root, "docker", "inspect", "--format", format, w.app).Output()
	return strings.TrimSpace(string(output))
}

func (w watched) eventually(what string, reached func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("never: %s\n%s", what, w.infrastructureLog())
		}
	}
}

// well waits until the app serves, in one container, and all who tell agree.
func (w watched) well() {
	w.t.Helper()
	w.eventually("the app serves", func() bool {
		status, _ := get(w.url("blue"))
		log := w.infrastructureLog()
		return status == http.StatusOK && len(w.list("blueServers")) == 1 && len(w.list("failedBlueServers")) == 0 &&
			strings.LastIndex(log, "App is well again") >= strings.LastIndex(log, "App in trouble")
	})
	w.runsOne("blue")
	w.shows("blue", w.revision, "one")
	if status := w.deploy("status", "blue"); !strings.Contains(status, "answers") {
		w.t.Errorf("status of an app that is well:\n%s", status)
	}
}

// unwell fails unless status fails and gives the reason.
func (w watched) unwell(reason string) {
	w.t.Helper()
	output, err := w.command(w.root, "bin/deploy", "status").CombinedOutput()
	if err == nil || !strings.Contains(string(output), reason) {
		w.t.Errorf("status: got %v, want it to fail with %q\n%s", err, reason, output)
	}
}

// noticed does harm and waits until the log tells of it, which must be soon.
func (w watched) noticed(why string, harm func()) {
	w.t.Helper()
	before := len(w.infrastructureLog())
	harm()
	begun := time.Now()
	w.eventually("noticed: "+why, func() bool { return strings.Contains(w.infrastructureLog()[before:], why) })
	took := time.Since(begun)
	w.t.Logf("%q noticed after %v", why, took.Round(10*time.Millisecond))
	if took > busyHost*noticedWithin {
		w.t.Errorf("%q was noticed after %v, want at most %v on a host that does nothing else", why, took, noticedWithin)
	}
}

func (w watched) docker(arguments ...string) func() {
	return func() { w.must(w.root, "docker", arguments...) }
}

func appsAreWatched(s *deploySystem) {
	w := s.watch()

	w.noticed("paused", w.docker("pause", w.app))
	w.well()

	// Process 1 may be Docker's init, so it is not the one to stop alone.
	started := w.inspect("{{.State.StartedAt}}")
	w.noticed("does not answer", func() { w.must(w.root, "sh", "-c", "docker top "+w.app+" -eo pid | tail -n +2 | xargs kill -STOP") })
	w.eventually("the list tells", func() bool { return len(w.list("failedBlueServers")) == 1 })
	w.unwell("HANGS")
	w.eventually("restarted", func() bool { return w.inspect("{{.State.StartedAt}}") != started })
	w.well()

	w.noticed("its container was stopped", w.docker("stop", "--time", "1", w.app))
	w.well()

	w.noticed("its container is gone", w.docker("rm", "--force", w.app))
	w.well()

	w.noticed("not listed", func() { w.redis.FlushAll(context.Background()) })
	w.well()

	// Docker starts again what dies by itself, and infrastructure says so.
	w.noticed("Docker started it again", func() { w.must(w.root, "kill", "-9", w.inspect("{{.State.Pid}}")) })
	w.well()

	// What a person takes down stays down.
	w.deploy("down", "blue")
	if status := w.deploy("status", "blue"); !strings.Contains(status, "down: bin/deploy restore blue") {
		w.t.Errorf("status of an app that was taken down:\n%s", status)
	}
	w.staysDown()
	w.deploy("restore", "blue")
	w.well()
}

// staysDown looks on for longer than any trouble stays unnoticed.
func (w watched) staysDown() {
	w.t.Helper()
	for end := time.Now().Add(2 * noticedWithin); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if all := w.containers("blue"); len(all) != 0 {
			w.t.Fatalf("after bin/deploy down blue: got %q, want no container", all)
		}
	}
	if listed := w.list("blueServers"); len(listed) != 0 {
		w.t.Errorf("after bin/deploy down blueServers is %q, want none", listed)
	}
}
