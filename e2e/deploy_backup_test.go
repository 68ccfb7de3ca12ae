package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// backupAndRestore keeps a system that is up, removes all of it, and has it
// back: lists, the app that runs with its volume and secrets, and its history.
func backupAndRestore(s *system) {
	w := s.work("one")
	w.commit("Dockerfile", s.dockerfile()+"COPY --chown=7:7 behaviour /data/behaviour\nVOLUME /data\nUSER 7:7\n")
	first := w.head()
	w.deployed("blue")
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.deploy("env", "blue", "set", "A=secret")
	s.counts("/data/counter", 1)
	kept := []string{"three\r\n", "two", "\x00one"}
	s.redis.Put("images", kept[0], kept[1], kept[2])
	history, served := s.deploy("history", "blue", "--long"), s.redis.Elements("blueServers")
	file := filepath.Join(s.t.TempDir(), "kept.tar.gz")
	s.output("scripts/backup.sh", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		s.t.Fatalf("the archive: got %v, %v, want it for its owner alone", info, err)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		s.t.Errorf("the backup left %q", left)
	}
	s.counts("/data/counter", 2) // what comes after the backup is lost

	s.refusesToRestore(file, "container "+s.app("blue"))
	s.output("scripts/down.sh", "--clean")
	s.refusesToRestore(file, "repository "+s.repo("blue"))
	s.output("scripts/restore.sh", "--replace", file)
	if info, err := os.Stat(filepath.Join(s.repo("blue"), "deux", "env")); err != nil || info.Mode().Perm() != 0o700 {
		s.t.Errorf("the folder of secrets: got %v, %v, want it for its owner alone", info, err)
	}
	s.output("scripts/deploy_init.sh")
	s.waitForRegistry()
	if got := s.redis.Elements("images"); !slices.Equal(got, kept) {
		s.t.Errorf("the list images: got %q, want %q", got, kept)
	}
	if got := s.redis.Elements("blueServers"); !slices.Equal(got, served) {
		s.t.Errorf("blueServers: got %q, want %q", got, served)
	}
	if output := s.deploy("restore", "blue"); strings.Contains(output, "Building") {
		s.t.Errorf("restore builds what the registry has:\n%s", output)
	}
	s.shows("blue", w.head(), "two")
	s.counts("/data/counter", 2)
	if got := s.variable("blue", "A"); got != "secret" {
		s.t.Errorf("the app has A=%q, want what was set", got)
	}
	if got := s.deploy("history", "blue", "--long"); !strings.HasPrefix(got, history) {
		s.t.Errorf("history: got\n%s\nwant it to go on from\n%s", got, history)
	}
	s.deploy("rollback", "blue", first)
	s.counts("/data/counter", 3)
}

// refusesToRestore fails unless a restore names what is in its way.
func (s *system) refusesToRestore(file, what string) {
	s.t.Helper()
	output, err := s.command("scripts/restore.sh", file).CombinedOutput()
	if err == nil || !strings.Contains(string(output), what) || !strings.Contains(string(output), "nothing was changed") {
		s.t.Errorf("restore.sh: got %v, want it refused because of %q\n%s", err, what, output)
	}
}
