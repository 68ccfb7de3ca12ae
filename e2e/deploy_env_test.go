package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// variable returns what the app has in its environment.
func (s *system) variable(colour, name string) string {
	_, text := get(s.url(colour) + "?env=" + name)
	return text
}

// changedWithin is how long bin/deploy env may take to the first answer with the
// new value. The goal is 2 s and the app's start, which is 1 s on two cores that do
// nothing else, 7 s beside thirty other busy processes; what waits for a drain or
// builds takes longer than this.
const changedWithin = 15 * time.Second

// answered tells when the app first has that value in its environment.
func (s *system) answered(colour, name, value string) <-chan time.Time {
	at := make(chan time.Time, 1)
	go func() {
		for end := time.Now().Add(patience); s.variable(colour, name) != value && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		at <- time.Now()
	}()
	return at
}

func configured(s *system) {
	if output := s.deploy("env", "blue", "set", "A=first"); !strings.Contains(output, "CONFIGURED blue +A: "+s.app("blue")+" does not run; git push blue main uses it") {
		s.t.Errorf("before the first push: got\n%s", output)
	}
	w := s.work("one")
	w.deployed("blue")
	digest := s.digest("blue")
	if got := s.variable("blue", "A") + " " + s.variable("blue", "PORT") + " " + s.variable("blue", "COLOUR"); got != "first 8080 blue" {
		s.t.Errorf("after the push the app has %q, want first 8080 blue", got)
	}
	load := startLoad(s.t, s.url("blue"), time.Second/200, 200)
	begun := time.Now()
	answered := s.answered("blue", "B", "b")
	output := s.fed("two\nlines\n", "env", "blue", "set", "A", "B=b", "--file", "key.pem="+s.file("\x00 secret"))
	took := (<-answered).Sub(begun)
	s.t.Logf("the first answer with the new value after %v, all of it done after %v", took, time.Since(begun))
	if took > changedWithin {
		s.t.Errorf("the first answer with the new value came after %v, want at most %v", took, changedWithin)
	}
	if !strings.Contains(output, "==> Configuring "+s.app("blue")+": +A +B +key.pem\n") || strings.Contains(output, "Building") {
		s.t.Errorf("set: want the names and no build\n%s", output)
	}
	if got := s.variable("blue", "A") + " " + s.variable("blue", "B"); got != "two\nlines b" {
		s.t.Errorf("after set the app has %q", got)
	}
	if _, got := get(s.url("blue") + "?file=/run/secrets/key.pem"); got != "\x00 secret <nil> false" {
		s.t.Errorf("the file: got %q, want its content, and that it can't be written", got)
	}
	before := s.containerID("blue")
	if output := s.deploy("env", "blue", "set", "B=b"); !strings.Contains(output, "Nothing changes") || s.containerID("blue") != before {
		s.t.Errorf("set of what is set: want no release\n%s", output)
	}
	s.deploy("env", "blue", "unset", "B")
	load.stop()
	if got := s.variable("blue", "B"); got != "" {
		s.t.Errorf("after unset the app has B=%q", got)
	}
	if got := s.deploy("env", "blue", "list"); got != "A\nkey.pem  file /run/secrets/key.pem\n" {
		s.t.Errorf("list: got %q", got)
	}
	if got := s.deploy("env", "blue", "list", "--show"); got != "A=\"two\nlines\"\n# key.pem is the file /run/secrets/key.pem, 8 bytes\n" {
		s.t.Errorf("list --show: got %q", got)
	}
	if got := s.deploy("status", "blue"); !strings.Contains(got, "configured 1 variable, 1 file") {
		s.t.Errorf("status: got\n%s", got)
	}
	history := s.deploy("history", "blue", "--long")
	if !regexp.MustCompile(`CONFIGURED  ` + w.head() + `  ` + digest + `  \S+  \+A  \+B  \+key.pem  pull=`).MatchString(history) {
		s.t.Errorf("history: got\n%s", history)
	}
	s.runsOne("blue")
	s.oneGeneration("blue")
}

// file makes a file that only the tests may read.
func (s *system) file(content string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *system) digest(colour string) string {
	s.t.Helper()
	image := s.output("docker", "inspect", "--format", "{{.Config.Image}}", s.app(colour))
	_, digest, _ := strings.Cut(image, "@")
	return digest
}

// oneGeneration fails unless no configuration but today's is kept.
func (s *system) oneGeneration(colour string) {
	s.t.Helper()
	if entries, err := os.ReadDir(filepath.Join(s.repo(colour), "deux", "env")); err != nil || len(entries) != 2 {
		s.t.Errorf("generations of %s: got %v, %v, want current and one", colour, entries, err)
	}
}

// secretIsNowhere looks for a secret everywhere but where it belongs.
func secretIsNowhere(s *system) {
	const secret = "canary-5f3b9a"
	w := s.work("one")
	said := s.fed(secret, "env", "blue", "set", "EARLY")
	said += w.deployed("blue")
	command := s.command("bin/deploy", "env", "blue", "set", "TOKEN", "--file", "key="+s.file(secret))
	command.Stdin = strings.NewReader(secret)
	out, err := os.Create(filepath.Join(s.t.TempDir(), "out"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	looks := 0
	for err = error(nil); len(ended) == 0; looks++ {
		said += s.output("ps", "axww", "-o", "args")
	}
	if err := <-ended; err != nil || looks < 3 {
		s.t.Errorf("env set: %v, after %d looks at ps", err, looks)
	}
	if got := s.variable("blue", "TOKEN") + s.variable("blue", "EARLY"); got != secret+secret {
		s.t.Fatalf("the app has %q", got)
	}
	content, _ := os.ReadFile(out.Name())
	w.commit("behaviour", "EXIT=1\n")
	refused, _ := w.push("blue", "main")
	w.commit("behaviour", "TEXT=two\n")
	said += string(content) + refused + w.deployed("blue") + s.deploy("rollback", "blue")
	for _, key := range s.redis.Keys(s.t.Context(), "*").Val() {
		said += strings.Join(s.redis.Elements(key), " ")
	}
	said += s.deploy("env", "blue", "list") + s.deploy("status") + s.deploy("history", "blue", "--long") + s.deploy("logs", "blue") +
		s.output("docker", "history", "--no-trunc", s.image("blue")) +
		s.output("docker", "image", "inspect", s.image("blue")) +
		s.output("docker", "ps", "--all", "--no-trunc") +
		s.output("scripts/compose.sh", "logs", "--no-color") +
		s.output("sh", "-c", "find $DEPLOY_DIR -name env -prune -o -type f -exec cat {} +")
	if n := strings.Count(said, secret); n != 0 {
		at := strings.Index(said, secret)
		s.t.Errorf("the secret shows %d times, the first in …%q", n, said[max(0, at-300):at+30])
	}
	outside := s.output("sh", "-c", "find $DEPLOY_DIR -path '*/deux/env/*' -perm /077 ! -path '*/files/*'")
	if outside != "" || s.output("stat", "-c", "%a", filepath.Join(s.repo("blue"), "deux", "env")) != "700" {
		s.t.Errorf("others than the owner may read %q", outside)
	}
}

func exposedPort(s *system) {
	w := s.work("one")
	dockerfile := s.dockerfile() + "EXPOSE %s\n"
	w.commit("behaviour", "TEXT=one\nLISTEN=:3000\nAGENTS=yes\n")
	w.commit("Dockerfile", fmt.Sprintf(dockerfile, "3000"))
	if output := w.deployed("blue"); !strings.Contains(output, "The image EXPOSEs port 3000: the app is served there") {
		s.t.Errorf("EXPOSE 3000: the pusher is not told\n%s", output)
	}
	s.shows("blue", w.head(), "one")
	if got := s.variable("blue", "PORT"); got != "3000" {
		s.t.Errorf("PORT=%q, want 3000", got)
	}
	s.eventually("the app's log tells probes from requests", func() bool { // Docker writes it a moment later
		log := s.deploy("logs", "blue")
		return strings.Contains(log, "GET / by deux-health/1\n") && strings.Contains(log, "GET / by Go-http-client")
	})
	s.with(short)
	w.commit("Dockerfile", fmt.Sprintf(dockerfile, "3000 9000"))
	output := w.refused("DEPLOY FAILED blue health", "no answer on port 8080", "blue", "main")
	for _, want := range []string{"3000, 9000 and not 8080", "not healthy within 4s: ", "BLUE_HEALTH_TIMEOUT"} {
		if !strings.Contains(output, want) {
			s.t.Errorf("EXPOSE 3000 9000: want %q in\n%s", want, output)
		}
	}
	s.with(usual)
	w.commit("Dockerfile", fmt.Sprintf(dockerfile, "9000 8080"))
	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.with(short)
	s.denied("no answer on port 9000", "env", "blue", "set", "PORT=9000")
	s.shows("blue", w.head(), "two")
}

func deafApp(s *system) {
	s.with("STOP_GRACE_SECONDS=4")
	w := s.work("one")
	w.commit("Dockerfile", "FROM "+s.testApp()+" AS app\nFROM debian:bookworm-slim\nCOPY --from=app /app /app\nCOPY behaviour /behaviour\nCMD /app; echo ended\n")
	w.deployed("blue") // a shell as process 1 would ignore SIGTERM
	w.commit("behaviour", "TEXT=two\nDEAF=yes\n")
	w.commit("Dockerfile", s.dockerfile())
	output := w.deployed("blue")
	if strings.Contains(output, "was killed") {
		s.t.Errorf("a shell did not stop, want an init to end it\n%s", output)
	}
	w.commit("behaviour", "TEXT=three\n")
	if output := w.deployed("blue"); !strings.Contains(output, "It did not end within 4s of SIGTERM (STOP_GRACE_SECONDS) and was killed: /app ignores the signal") {
		s.t.Errorf("an app that ignores SIGTERM: want to be told why it took so long\n%s", output)
	}
	s.shows("blue", w.head(), "three")
}
