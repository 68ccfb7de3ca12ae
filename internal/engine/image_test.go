package engine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
)

func TestBuildEnvironment_HasNothingOfGit(t *testing.T) {
	got := buildEnvironment([]string{"PATH=/bin", "GIT_DIR=.", "HOME=/root", "GIT_QUARANTINE_PATH=/x"})
	if want := []string{"PATH=/bin", "HOME=/root", "BUILDX_NO_DEFAULT_ATTESTATIONS=1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLabelled_AddsOneLineToTheDockerfile(t *testing.T) {
	dir, scratch := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"Dockerfile": "FROM scratch", "Dockerfile.dockerignore": "*\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path, err := labelled(dir, scratch, []string{"a=1", "b=2"})
	if err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(path)
	if want := "FROM scratch\nLABEL a=1 b=2\n"; string(content) != want {
		t.Errorf("got %q, want %q", content, want)
	}
	if ignored, _ := os.ReadFile(path + ".dockerignore"); string(ignored) != "*\n" {
		t.Errorf("its ignore file: got %q, want it beside", ignored)
	}
}

func TestLabelled_ReadsNothingOutsideOfTheRepository(t *testing.T) {
	dir := t.TempDir()
	if _, err := labelled(dir, t.TempDir(), nil); err != ErrNoDockerfile {
		t.Errorf("without a Dockerfile: got %v, want %v", err, ErrNoDockerfile)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	if path, err := labelled(dir, t.TempDir(), nil); err == nil {
		t.Errorf("a link that leads out: got %s, want an error", path)
	}
}

func TestReadProgress_ReturnsTheErrorAmongTheMessages(t *testing.T) {
	var aux []string
	note := func(message json.RawMessage) { aux = append(aux, string(message)) }
	err := readProgress(strings.NewReader(`{"status":"Pushing"}{"aux":{"Digest":"sha256:1"}}`), note)
	if err != nil || len(aux) != 1 || aux[0] != `{"Digest":"sha256:1"}` {
		t.Errorf("got %v and %q, want the digest", err, aux)
	}
	err = readProgress(strings.NewReader(`{"status":"Pushing"}{"error":"no such host"}{"status":"x"}`), note)
	if err == nil || err.Error() != "no such host" {
		t.Errorf("got %v, want the error", err)
	}
}

func TestCheckCommand_IsWhatDockerWouldRun(t *testing.T) {
	for _, test := range []struct {
		check, shell, want []string
	}{
		{nil, nil, nil},
		{[]string{"NONE"}, nil, nil},
		{[]string{"CMD", "/app", "check"}, nil, []string{"/app", "check"}},
		{[]string{"CMD-SHELL", "wget x || exit 1"}, nil, []string{"/bin/sh", "-c", "wget x || exit 1"}},
		{[]string{"CMD-SHELL", "x"}, []string{"/bin/bash", "-ec"}, []string{"/bin/bash", "-ec", "x"}},
	} {
		config := &container.Config{Shell: test.shell}
		if test.check != nil {
			config.Healthcheck = &container.HealthConfig{Test: test.check}
		}
		if got := checkCommand(config); !slices.Equal(got, test.want) {
			t.Errorf("%q with shell %q: got %q, want %q", test.check, test.shell, got, test.want)
		}
	}
}
