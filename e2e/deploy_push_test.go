package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func beforeTheFirstPush(s *system) {
	for _, colour := range []string{"blue", "green"} {
		status, text := get(s.url(colour))
		if want := "Nothing deployed yet: git push " + colour + " main"; status != http.StatusServiceUnavailable || text != want {
			s.t.Errorf("%s: got %d %q, want 503 %q", colour, status, text, want)
		}
	}
	w := s.work("one")
	w.commit("behaviour", "EXIT=1\n")
	w.refused("DEPLOY FAILED blue health "+w.head(), "exit code 1", "blue", "main")
	if status, _ := get(s.url("blue")); status != http.StatusServiceUnavailable {
		s.t.Errorf("after a first push that was refused: got %d, want 503", status)
	}
	before := tree(s)
	s.deploy("init")
	if after := tree(s); after != before {
		s.t.Errorf("a second init changed something: got\n%s\nwant\n%s", after, before)
	}
}

// tree is every file of the repositories with its time of change.
func tree(s *system) string {
	return s.output("sh", "-c", `find $DEPLOY_DIR -type f -o -type l | sort | xargs -d '\n' stat --format '%n %Y %i'`)
}

func firstAndSecondPush(s *system) {
	w := s.work("one")
	output := w.deployed("blue")
	s.shows("blue", w.head(), "one")
	s.runsOne("blue")
	steps := []string{"Setting the work tree", "Checking out", "Building", "Tagging", "Pushing", "Pulling",
		"Running", "Waiting", "Switching", "Stopping", "Removing the old"}
	if got, ok := inOrder(output, steps); !ok {
		s.t.Errorf("steps: %q is missing or out of order in\n%s", got, output)
	}

	w.commit("behaviour", "TEXT=two\n")
	w.deployed("blue")
	s.shows("blue", w.head(), "two")
	s.runsOne("blue")
	history := strings.Split(strings.TrimSpace(s.deploy("history", "blue", "--long")), "\n")
	if len(history) != 2 || !regexp.MustCompile(`DEPLOYED  `+w.head()+`  sha256:[0-9a-f]{64}  \S+  .*build=[0-9.]+.* total=`).MatchString(history[1]) {
		s.t.Errorf("history: got %q, want a line for each of two pushes", history)
	}
	brief := strings.Split(strings.TrimSpace(s.deploy("history", "blue")), "\n")
	if last := brief[len(brief)-1]; len(brief) != 3 || len([]rune(last)) > 80 || !strings.HasSuffix(last, " behaviour") {
		s.t.Errorf("history: got %q, want a header and a short line for each push, with its commit's subject", brief)
	}
}

// inOrder tells whether the output has a ==> line for each step, in order,
// or else which one it lacks.
func inOrder(output string, steps []string) (string, bool) {
	for _, step := range steps {
		_, rest, found := strings.Cut(output, "==> "+step)
		if !found {
			return step, false
		}
		output = rest
	}
	return "", true
}

func whatRunsIsTheDigest(s *system) {
	w := s.work("one")
	digest := verdict(w.deployed("blue"))[len("DEPLOYED blue "+w.head()+" "):]
	repository := s.registryName("blue")
	image := s.output("docker", "inspect", "--format", "{{.Config.Image}}", s.app("blue"))
	if want := repository + "@" + digest; image != want {
		s.t.Errorf("the container runs %s, want %s", image, want)
	}
	want := s.imageID(repository + "@" + digest)
	for _, name := range []string{s.image("blue"), repository + ":latest", repository + ":" + w.head()} {
		if got := s.imageID(name); got != want {
			s.t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for _, tag := range []string{"latest", w.head()} {
		if _, got := s.registryManifest("blue-registry", tag); got != digest {
			s.t.Errorf("the registry's %s is %s, want %s", tag, got, digest)
		}
	}
	labels := s.output("docker", "inspect", "--format", "{{json .Config.Labels}}", repository+":latest")
	for _, want := range []string{`"deux.colour":"blue"`, `"deux.revision":"` + w.head() + `"`, `"deux.time":"20`} {
		if !strings.Contains(labels, want) {
			s.t.Errorf("labels of the image: got %s, want %s in it", labels, want)
		}
	}
	if policy := s.output("docker", "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", s.app("blue")); policy != "unless-stopped" {
		s.t.Errorf("restart policy: got %q, want unless-stopped", policy)
	}
}

func (s *system) imageID(name string) string {
	s.t.Helper()
	return s.output("docker", "image", "inspect", "--format", "{{.Id}}", name)
}

// registryManifest asks the registry for a tag, and returns the status and the
// digest.
func (s *system) registryManifest(repository, tag string) (status int, digest string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodHead, s.registry()+repository+"/manifests/"+tag, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header.Get("Docker-Content-Digest")
}

func greenLeavesBlueAlone(s *system) {
	blue, green := s.work("b"), s.work("g")
	blue.deployed("blue")
	before := s.containerID("blue")
	green.deployed("green")
	s.shows("green", green.head(), "g")
	s.shows("blue", blue.head(), "b")
	if after := s.containerID("blue"); after != before {
		s.t.Errorf("blue's container changed from %s to %s", before, after)
	}
}

func (s *system) containerID(colour string) string {
	s.t.Helper()
	return s.output("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", s.app(colour))
}

func onlyTheFilesOfTheRevision(s *system) {
	w := s.work("one")
	w.commit("old", "to be deleted")
	w.deployed("blue")
	write(s.t, filepath.Join(s.env["DEPLOY_DIR"], "blue-www", "leftover"), "of the last build")
	w.git("rm", "--quiet", "old")
	w.commit(".gitattributes", "kept export-ignore\n")
	w.commit("kept", "$Format:%H$")
	w.commit("Dockerfile", "FROM "+s.testApp()+"\nCOPY . /context/\nCOPY behaviour /behaviour\n")
	w.deployed("blue")
	got := filesInImage(s, s.image("blue"), "context")
	want := "context/.gitattributes context/Dockerfile context/behaviour context/kept"
	if strings.Join(got, " ") != want {
		s.t.Errorf("the build's context: got %q, want %q", got, want)
	}
}

// filesInImage lists the files under a folder of an image.
func filesInImage(s *system, image, folder string) []string {
	s.t.Helper()
	id := s.output("docker", "create", image)
	defer s.output("docker", "rm", id)
	return s.lines("sh", "-c", "docker export "+id+" | tar -t | grep '^"+folder+"/.*[^/]$' | sort")
}

func oddFileNames(s *system) {
	w := s.work("one")
	names := []string{"-dash", "--help", "ein Leerzeichen", "Übergröße ☃", "tab\there", `quo"te`, "$(touch pwned)", "-d/-f"}
	for _, name := range names {
		w.commit(name, "content")
	}
	w.deployed("blue")
	for _, name := range names {
		if content, err := os.ReadFile(filepath.Join(s.env["DEPLOY_DIR"], "blue-www", name)); string(content) != "content" {
			s.t.Errorf("%q: got %q (%v), want its content", name, content, err)
		}
	}
}

func longOutput(s *system) {
	// BuildKit itself cuts what a step prints too much or too fast.
	s.with("DOCKER_BUILDKIT=0")
	w := s.work("one")
	w.commit("Dockerfile", "FROM debian:bookworm-slim AS noise\n"+
		"RUN i=0; while [ $i -lt 20000 ]; do echo \"line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; i=$((i+1)); done # "+time.Now().String()+"\n"+
		"FROM "+s.testApp()+"\nCOPY --from=noise /etc/debian_version /made\nCOPY behaviour /behaviour\n")
	output := w.deployed("blue")
	if len(output) < 2<<20 {
		s.t.Errorf("%d bytes of output, want more than 2 MiB", len(output))
	}
	for _, i := range []int{0, 1, 9999, 19998, 19999} {
		if n := strings.Count(output, fmt.Sprintf("line %d x", i)); n != 1 {
			s.t.Errorf("line %d came %d times, want once", i, n)
		}
	}
	if n := strings.Count(output, "\nline "); n != 20000 {
		s.t.Errorf("%d lines, want 20000", n)
	}
}

func noWayToRedis(s *system) {
	address := s.output("docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", s.service("redis"))
	w := s.work("one")
	w.deployed("blue")
	for _, target := range []string{address + ":6379", "redis:6379", s.env["HOST_IP"] + ":" + s.env["REDIS_PORT"]} {
		if status, text := get(s.url("blue") + "?dial=" + target); status != http.StatusOK || !strings.HasPrefix(text, "no connection") {
			s.t.Errorf("the app dials Redis at %s: got %d %q, want no connection", target, status, text)
		}
	}
}
