package e2e

import (
	"net/http"
	"strings"
	"time"
)

// noticedWithin is what is promised of an app that hangs, dies or is gone.
const noticedWithin = 3 * time.Second

// busyHost is how many times as long a host may take that does more.
const busyHost = 6

// watched is a system whose infrastructure runs, with an app deployed to blue.
type watched struct {
	*system
	revision string
}

// watch starts infrastructure, until the subtest ends, and deploys an app.
func (s *system) watch() watched {
	s.t.Helper()
	s.with("HEALTH_TIMEOUT=8s", "HANG_TIMEOUT=8s", "STOP_GRACE_SECONDS=1")
	s.output("scripts/infrastructure.sh", "start")
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("infrastructure's log:\n%s", s.infrastructureLog())
		}
		s.output("scripts/infrastructure.sh", "stop")
	})
	w := s.work("one")
	w.deployed("blue")
	app := watched{s, w.head()}
	app.well()
	return app
}

func (w watched) inspect(format string) string {
	output, _ := w.command("docker", "inspect", "--format", format, w.app("blue")).Output()
	return strings.TrimSpace(string(output))
}

// well waits until the app serves, in one container, and all who tell agree.
func (w watched) well() {
	w.t.Helper()
	w.eventually("the app serves", func() bool {
		status, _ := get(w.url("blue"))
		log := w.infrastructureLog()
		return status == http.StatusOK && len(w.redis.Elements("blueServers")) == 1 && len(w.redis.Elements("failedBlueServers")) == 0 &&
			strings.LastIndex(log, "App is well again") >= strings.LastIndex(log, "App in trouble")
	})
	w.runsOne("blue")
	w.shows("blue", w.revision, "one")
	if status := w.deploy("status", "blue"); !strings.Contains(status, "answers") {
		w.t.Errorf("status of an app that is well:\n%s", status)
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
	return func() { w.output("docker", arguments...) }
}

func appsAreWatched(s *system) {
	w := s.watch()

	w.noticed("paused", w.docker("pause", w.app("blue")))
	w.well()

	// Process 1 may be Docker's init, so it is not the one to stop alone.
	started := w.inspect("{{.State.StartedAt}}")
	w.noticed("does not answer", func() { w.output("sh", "-c", "docker top "+w.app("blue")+" -eo pid | tail -n +2 | xargs kill -STOP") })
	w.eventually("the list tells", func() bool { return len(w.redis.Elements("failedBlueServers")) == 1 })
	w.denied("HANGS", "status")
	w.eventually("restarted", func() bool { return w.inspect("{{.State.StartedAt}}") != started })
	w.well()

	w.noticed("its container was stopped", w.docker("stop", "--time", "1", w.app("blue")))
	w.well()

	w.noticed("its container is gone", w.docker("rm", "--force", w.app("blue")))
	w.well()

	w.noticed("not listed", func() { w.redis.FlushAll(w.t.Context()) })
	w.well()

	// Docker starts again what dies by itself, and infrastructure says so.
	w.noticed("Docker started it again", func() { w.output("kill", "-9", w.inspect("{{.State.Pid}}")) })
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
	if listed := w.redis.Elements("blueServers"); len(listed) != 0 {
		w.t.Errorf("after bin/deploy down blueServers is %q, want none", listed)
	}
}
