package e2e

import (
	"fmt"
	"net/http"
	"strings"
)

// counts fails unless the app's counter in the file is at want now.
func (s *system) counts(file string, want int) {
	s.t.Helper()
	if status, got := get(s.url("blue") + "?count=" + file); status != http.StatusOK || got != fmt.Sprint(want) {
		s.t.Errorf("the counter in %s: got %d %q, want 200 %d", file, status, got, want)
	}
}

func dataOutlivesReleases(s *system) {
	w := s.work("one")
	w.commit("Dockerfile", s.dockerfile()+"COPY --chown=7:7 behaviour /data/behaviour\nVOLUME /data\nUSER 7:7\n")
	if output := w.deployed("blue"); !strings.Contains(output, "Keeping /data in the volume "+s.fleet+"_blue_data (new") {
		s.t.Errorf("the push does not say where the data is:\n%s", output)
	}
	for i := range 6 {
		s.counts("/data/counter", i+1)
	}
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.counts("/data/counter", 7)
	s.deploy("rollback", "blue")
	s.counts("/data/counter", 8)
	s.deploy("down")
	s.deploy("restore")
	s.counts("/data/counter", 9)
	if output := s.deploy("down", "--clean"); !strings.Contains(output, s.fleet+"_blue_data stays: bin/deploy volume blue rm data --yes removes it") {
		s.t.Errorf("down --clean does not say what stays:\n%s", output)
	}
	s.deploy("restore")
	s.counts("/data/counter", 10)
}

func volumesByHand(s *system) {
	w := s.work("one")
	w.commit("Dockerfile", s.dockerfile()+"USER 7:7\n")
	w.deployed("blue")
	s.denied("the whole container", "volume", "blue", "add", "data:/")
	s.denied("usage:", "volume", "blue", "grow")
	load := startLoad(s.t, s.url("blue"), 20*1e6, 200)
	s.deploy("volume", "blue", "add", "data:/srv/data")
	s.counts("/srv/data/counter", 1)
	s.denied("is already the volume data", "volume", "blue", "add", "other:/srv/data")
	s.denied("bin/deploy volume blue rm data --yes", "volume", "blue", "rm", "data")
	s.counts("/srv/data/counter", 2)
	if list := s.deploy("volume", "blue", "ls"); !strings.Contains(list, "used by "+s.app("blue")) {
		s.t.Errorf("volume ls: got %q, want who uses it", list)
	}
	s.deploy("volume", "blue", "rm", "data", "--yes")
	load.stop()
	if list := s.output("docker", "volume", "ls", "--quiet", "--filter", "label=deux.fleet="+s.fleet); list != "" {
		s.t.Errorf("after rm --yes: %q is left", list)
	}
	s.denied(`has no volume "data"`, "volume", "blue", "rm", "data", "--yes")
	s.runsOne("blue")

	// A push that is refused leaves no volume that only it made.
	w.commit("Dockerfile", s.dockerfile()+"VOLUME /new\n")
	w.commit("behaviour", "EXIT=1\n")
	w.refused("DEPLOY FAILED blue health", "exit code 1", "blue", "main")
	if list := s.deploy("volume", "blue", "ls"); !strings.Contains(list, "has no volumes") {
		s.t.Errorf("after a refused push: got %q, want no volumes", list)
	}
}
