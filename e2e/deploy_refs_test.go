package e2e

import "strings"

func mainAndMaster(s *system) {
	w := s.work("one")
	s.output("git", "--git-dir="+s.repo("blue"), "symbolic-ref", "HEAD", "refs/heads/elsewhere")
	w.accepted("blue", "main:master")
	s.shows("blue", w.head(), "one")
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.shows("blue", w.head(), "two")
	w.commit("behaviour", "TEXT=three\n")
	w.accepted("blue", "main:master")
	s.shows("blue", w.head(), "three")
	s.runsOne("blue")
}

func otherRefs(s *system) {
	w := s.work("one")
	w.deployed("blue")
	good, container := w.head(), s.containerID("blue")
	side := w.commit("behaviour", "TEXT=side\n")
	w.git("tag", "v1")
	for _, push := range []struct{ refspec, ref, want string }{
		{"main:side", "refs/heads/side", side},
		{"v1", "refs/tags/v1", side},
		{":side", "refs/heads/side", ""},
		{":main", "refs/heads/main", ""},
	} {
		output := w.accepted("blue", push.refspec)
		if want := push.ref + " is stored, not deployed"; !strings.Contains(output, want) {
			s.t.Errorf("git push blue %s: want %q in\n%s", push.refspec, want, output)
		}
		if got := s.ref("blue", push.ref); got != push.want {
			s.t.Errorf("git push blue %s: %s is %q, want %q", push.refspec, push.ref, got, push.want)
		}
	}
	s.shows("blue", good, "one")
	if now := s.containerID("blue"); now != container {
		s.t.Errorf("the container changed from %s to %s", container, now)
	}
}

func severalRefs(s *system) {
	w := s.work("one")
	first := w.head()
	w.git("branch", "other")
	w.git("branch", "master")
	w.git("tag", "v1")
	w.commit("behaviour", "TEXT=two\n")
	output := w.accepted("blue", "--all")
	if got, want := verdict(output), "DEPLOYED blue "+w.head()+" "; !strings.HasPrefix(got, want) || strings.Count(output, "DEPLOYED") != 1 {
		s.t.Errorf("last line %q, want one, and it to start with %q\n%s", got, want, output)
	}
	s.shows("blue", w.head(), "two")
	s.runsOne("blue")
	if got := s.ref("blue", "master"); got != first {
		s.t.Errorf("master is at %s, want %s", got, first)
	}

	// The other way round: master comes first, and main counts all the same.
	newest := w.commit("behaviour", "TEXT=three\n")
	w.accepted("blue", newest+":refs/heads/master", newest+"~1:refs/heads/side", newest+":refs/heads/main")
	s.shows("blue", newest, "three")
	s.runsOne("blue")
}

func forcedAndSingle(s *system) {
	w := s.work("one")
	w.deployed("blue")
	one := w.head()
	two := w.commit("behaviour", "TEXT=two\n")
	w.commit("behaviour", "TEXT=three\n")
	w.accepted("blue", two+":main")
	s.shows("blue", two, "two")
	w.git("reset", "--quiet", "--hard", one)
	if output, err := w.push("blue", "main"); err == nil {
		s.t.Errorf("an older revision went through without --force:\n%s", output)
	}
	s.shows("blue", two, "two")
	w.accepted("--force", "blue", "main")
	s.shows("blue", one, "one")
	s.runsOne("blue")
}

func emptyCommit(s *system) {
	w := s.work("one")
	w.deployed("blue")
	before := s.containerID("blue")
	if output := w.accepted("blue", "main"); !strings.Contains(output, "Everything up-to-date") {
		s.t.Errorf("pushing nothing: got\n%s", output)
	}
	output := w.accepted("blue", "main:master")
	if got := verdict(output); !strings.HasPrefix(got, "DEPLOYED blue "+w.head()) {
		s.t.Errorf("the same revision on another ref: last line %q\n%s", got, output)
	}
	if after := s.containerID("blue"); after != before {
		s.t.Errorf("pushing nothing changed the container from %s to %s", before, after)
	}
	w.git("commit", "--quiet", "--allow-empty", "--message", "empty")
	w.deployed("blue")
	s.shows("blue", w.head(), "one")
	s.runsOne("blue")
}
