package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
)

func brokenPushes(s *system) {
	w := s.work("good")
	w.deployed("blue")
	good, container := w.head(), s.containerID("blue")
	dockerfile := s.dockerfile()
	for _, broken := range []struct{ name, dockerfile, behaviour, step, reason, patience string }{
		{"a Dockerfile that is none", "FORM scratch\n", "TEXT=x\n", "build", "FORM", usual},
		{"a build that fails half-way", "FROM debian:bookworm-slim\nRUN echo one\nRUN echo two && false\nRUN echo three\n", "TEXT=x\n", "build", "code: 1", usual},
		{"an app that ends at once", dockerfile, "EXIT=3\n", "health", "ended with exit code 3", usual},
		{"an app on another port", dockerfile, "LISTEN=:9090\n", "health", "no answer on port 8080", short},
		{"an app on localhost alone", dockerfile, "LISTEN=127.0.0.1:8080\n", "health", "no answer on port 8080", short},
		{"an app that never gets healthy", dockerfile, "STATUS=500\n", "health", "500 Internal Server Error", short},
	} {
		s.with(broken.patience)
		w.commit("Dockerfile", broken.dockerfile)
		bad := w.commit("behaviour", broken.behaviour)
		start := fmt.Sprintf("DEPLOY FAILED blue %s %s: ", broken.step, bad)
		output := w.refused(start, broken.reason, "blue", "main")
		if lines := strings.Count(output, "\nlog line "); broken.step == "health" && lines > 50 || broken.step == "health" && !strings.Contains(output, "\nlog line 60\n") {
			s.t.Errorf("%s: the push shows %d lines of its log, want the last 50\n%s", broken.name, lines, output)
		}
		if broken.patience == usual { // the same push can be repeated
			w.refused(start, broken.reason, "blue", "main")
		}
		if broken.reason == "ended with exit code 3" && s.seconds("blue", "health") > 15 {
			s.t.Errorf("%s: refused after %v s, want at once", broken.name, s.seconds("blue", "health"))
		}
		s.shows("blue", good, "good")
		s.runsOne("blue")
		if now := s.containerID("blue"); now != container {
			s.t.Errorf("%s: the container changed from %s to %s", broken.name, container, now)
		}
		if ref := s.ref("blue", "main"); ref != good {
			s.t.Errorf("%s: main is at %s, want %s", broken.name, ref, good)
		}
	}
	w.git("rm", "--quiet", "Dockerfile")
	bad := w.commit("behaviour", "TEXT=x\n")
	w.refused("DEPLOY FAILED blue build "+bad+": ", "no Dockerfile", "blue", "main")

	s.with(usual)
	w.commit("Dockerfile", dockerfile)
	w.deployed("blue")
	s.shows("blue", w.head(), "x")
	s.runsOne("blue")
}

func slowStart(s *system) {
	w := s.work("one")
	w.deployed("blue")
	w.commit("behaviour", "START_DELAY=3s\nTEXT=slow\n")
	w.deployed("blue")
	s.shows("blue", w.head(), "slow")
}

func ownHealthCheck(s *system) {
	w := s.work("one")
	check := s.dockerfile() + "HEALTHCHECK CMD [\"/app\", \"%s\"]\n"
	s.with(short)
	w.commit("Dockerfile", fmt.Sprintf(check, "unhealthy"))
	w.refused("DEPLOY FAILED blue health "+w.head(), "HEALTHCHECK exits with 1: not well", "blue", "main")
	s.with("HEALTH_TIMEOUT=60s")
	w.commit("Dockerfile", fmt.Sprintf(check, "healthy"))
	w.commit("behaviour", "TEXT=two\nSTATUS=500\n") // the check decides, not the answer
	w.deployed("blue")
	if took := s.seconds("blue", "health"); took > 25 {
		s.t.Errorf("healthy after %v s: Docker's own interval of 30 s was waited for", took)
	}
}

func whatAPushDoesNotCarry(s *system) {
	w := s.work("one")
	w.deployed("blue")
	good := w.head()
	w.git("update-index", "--add", "--cacheinfo", "160000,"+good+",vendor/lib")
	w.git("commit", "--quiet", "--message", "submodule")
	w.refused("DEPLOY FAILED blue checkout "+w.head(), "vendor/lib is a submodule", "blue", "main")

	w.git("reset", "--quiet", "--hard", good)
	w.commit(filepath.Join("media", "film"), "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
	w.refused("DEPLOY FAILED blue checkout "+w.head(), "media/film is a Git LFS pointer", "blue", "main")
	s.shows("blue", good, "one")
}
