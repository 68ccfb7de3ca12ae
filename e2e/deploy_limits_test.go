package e2e

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

func boundedApp(s *system) {
	w := s.work("one")
	w.deployed("blue")
	const format = "{{.HostConfig.Memory}} {{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}} {{.HostConfig.OomScoreAdj}} " +
		"{{index .HostConfig.LogConfig.Config \"max-size\"}} {{.HostConfig.CapDrop}} {{len .HostConfig.CapAdd}} {{.HostConfig.SecurityOpt}}"
	got := s.output("docker", "inspect", "--format", format, s.app("blue"))
	if want := "268435456 512 256 500 5242880 [ALL] 8 [no-new-privileges]"; got != want {
		s.t.Errorf("limits: got %s, want %s", got, want)
	}

	s.with("BLUE_APP_MEMORY=32m", "BLUE_APP_CAPABILITIES=none")
	load := startLoad(s.t, s.url("blue"), 20*time.Millisecond, 200)
	s.deploy("restore", "blue")
	load.stop()
	got = s.output("docker", "inspect", "--format", "{{.HostConfig.Memory}} {{.HostConfig.CapAdd}}", s.app("blue"))
	if got != "33554432 []" {
		s.t.Errorf("after restore with other limits: got %s, want 33554432 []", got)
	}
	before := s.containerID("blue")
	s.deploy("restore", "blue")
	if after := s.containerID("blue"); after != before {
		s.t.Error("a restore with the same limits started the app again")
	}

	good := w.head()
	w.commit("behaviour", "MISBEHAVE=memory\nSTART_DELAY=5s\n")
	w.refused("DEPLOY FAILED blue health", "killed for using more than BLUE_APP_MEMORY=32m", "blue", "main")
	s.shows("blue", good, "one")
}

// p99 asks a URL 250 times, 100 times a second, and returns how long the 99th
// percentile took. Each answer must be 200.
func (s *system) p99(url string) time.Duration {
	s.t.Helper()
	var took []time.Duration
	client := &http.Client{Timeout: 10 * time.Second}
	for tick := time.NewTicker(10 * time.Millisecond); len(took) < 250; <-tick.C {
		begun := time.Now()
		response, err := client.Get(url)
		if err != nil {
			s.t.Fatalf("a request to the other app failed: %v", err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			s.t.Fatalf("a request to the other app: got %s, want 200", response.Status)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// misbehavingApp compares the other colour's p99 while the bad one is paused
// and while it is not, five times if need be: a machine that is shared has pauses of
// its own, and whatever else is busy on it shares a weight with all containers
// together. Below slack they decide.
func misbehavingApp(s *system) {
	const slack = time.Second
	good, bad := s.work("good"), s.work("bad")
	good.deployed("green")
	for _, how := range []string{"cpu", "memory", "log", "fork"} {
		bad.commit("behaviour", "MISBEHAVE="+how+"\n")
		output, err := bad.push("blue", "main")
		if err != nil && !strings.Contains(output, "DEPLOY FAILED blue") {
			s.t.Errorf("%s: got %s, want a verdict", how, output)
		}
		var alone, beside time.Duration
		for range 5 {
			// One that has just died cannot be paused, and does no harm.
			_ = s.command("docker", "pause", s.app("blue")).Run()
			alone = s.p99(s.url("green"))
			_ = s.command("docker", "unpause", s.app("blue")).Run()
			beside = s.p99(s.url("green"))
			if beside <= max(2*alone, slack) {
				break
			}
		}
		s.t.Logf("%s: p99 of the other colour %v alone, %v beside", how, alone, beside)
		if beside > max(2*alone, slack) {
			s.t.Errorf("%s: p99 %v, want below 2 x %v", how, beside, alone)
		}
	}
	s.shows("green", good.head(), "good")
}
