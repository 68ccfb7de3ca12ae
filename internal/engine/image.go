package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// Build builds the Dockerfile in dir as tag, with the labels, and returns the
// image's id. Output goes to out as the builder writes it. It runs Docker's
// command instead of calling its API, because the command picks the builder that
// the host has: BuildKit or the classic one. The build dies with this process.
// If this process is a git hook, the build sees nothing of it.
//
// Each step may use that many bytes of memory, with no swap beyond it, and has
// little weight on a busy machine. The classic builder enforces this; BuildKit
// accepts the options and ignores them.
func (e *Engine) Build(ctx context.Context, dir, tag string, labels []string, memory int64, out io.Writer) (string, error) {
	scratch, err := os.MkdirTemp("", "deux-build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	dockerfile, err := labelled(dir, scratch, append([]string{ImageLabel + "=" + e.fleet}, labels...))
	if err != nil {
		return "", err
	}
	idFile := filepath.Join(scratch, "id")
	command := exec.CommandContext(ctx, "docker", "build", "--force-rm",
		"--memory", strconv.FormatInt(memory, 10), "--memory-swap", strconv.FormatInt(memory, 10), "--cpu-shares", buildWeight,
		"--iidfile", idFile, "--file", dockerfile, "--tag", tag, ".")
	command.Dir = dir
	command.Env = buildEnvironment(os.Environ())
	command.Stdout, command.Stderr = out, out
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = killDelay

	runtime.LockOSThread() // Pdeathsig looks at the thread that started the process
	defer runtime.UnlockOSThread()
	if err := command.Run(); err != nil {
		return "", err
	}
	id, err := os.ReadFile(idFile)
	return strings.TrimSpace(string(id)), err
}

// buildWeight is an eighth of Docker's usual 1024.
const buildWeight = "128"

// ErrNoDockerfile means that there is nothing to build.
var ErrNoDockerfile = errors.New("there is no Dockerfile at the top of the repository")

// labelled writes the Dockerfile of dir to scratch with one more line that holds
// the labels, each NAME=value. The option --label would add a line for each, and
// for each the classic builder starts a container. BuildKit looks for the
// Dockerfile's own ignore file beside it (Docker's build documentation,
// ".dockerignore files").
func labelled(dir, scratch string, labels []string) (string, error) {
	root, err := os.OpenRoot(dir) // a link that leads out of it is refused
	if err != nil {
		return "", err
	}
	defer root.Close()
	content, err := root.ReadFile("Dockerfile")
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNoDockerfile
	}
	if err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "Dockerfile")
	if ignored, err := root.ReadFile("Dockerfile.dockerignore"); err == nil {
		if err := os.WriteFile(path+".dockerignore", ignored, 0o600); err != nil {
			return "", err
		}
	}
	content = append(content, "\nLABEL "+strings.Join(labels, " ")+"\n"...)
	return path, os.WriteFile(path, content, 0o600)
}

// buildEnvironment is the environment without git's variables: in a hook,
// GIT_DIR names the repository that is being pushed to. Attestations would make
// every image an index with an entry that is not an image.
func buildEnvironment(environment []string) []string {
	clean := slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		return strings.HasPrefix(variable, "GIT_")
	})
	return append(clean, "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
}

// Tag gives the image another name.
func (e *Engine) Tag(ctx context.Context, source, target string) error {
	if err := e.docker.ImageTag(ctx, source, target); err != nil {
		return fmt.Errorf("tagging %s: %w", target, err)
	}
	return nil
}

// anonymous is what the API expects when the registry asks for no credentials:
// {} in base64.
const anonymous = "e30="

// Push sends the tagged image to the registry that its name starts with, and
// returns its digest there.
func (e *Engine) Push(ctx context.Context, reference string) (digest string, err error) {
	progress, err := e.docker.ImagePush(ctx, reference, image.PushOptions{RegistryAuth: anonymous})
	if err != nil {
		return "", err
	}
	defer progress.Close()
	return pushedDigest(progress)
}

// digestPattern matches a digest as registries give it. Digests become part of
// names and URLs.
var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// pushedDigest reads the progress of a push to its end and returns the image's
// digest in the registry.
func pushedDigest(progress io.Reader) (digest string, err error) {
	err = readProgress(progress, func(aux json.RawMessage) {
		var pushed struct{ Digest string }
		if json.Unmarshal(aux, &pushed) == nil && digestPattern.MatchString(pushed.Digest) {
			digest = pushed.Digest
		}
	})
	if err == nil && digest == "" {
		err = errors.New("the registry gave no digest")
	}
	if err != nil {
		return "", err
	}
	return digest, nil
}

// ErrNotInRegistry means that the registry answers but does not have the image.
var ErrNotInRegistry = errors.New("the registry does not have it")

// Pull gets the image with that digest, REPOSITORY@sha256:….
func (e *Engine) Pull(ctx context.Context, reference string) error {
	progress, err := e.docker.ImagePull(ctx, reference, image.PullOptions{})
	if errdefs.IsNotFound(err) {
		return fmt.Errorf("%w: %w", ErrNotInRegistry, err)
	}
	if err != nil {
		return err
	}
	defer progress.Close()
	return readProgress(progress, func(json.RawMessage) {})
}

// readProgress reads the API's progress messages to their end and returns the
// error that one of them may hold.
func readProgress(stream io.Reader, aux func(json.RawMessage)) error {
	for decoder := json.NewDecoder(stream); ; {
		var message struct {
			Error string
			Aux   json.RawMessage
		}
		if err := decoder.Decode(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if message.Error != "" {
			return errors.New(message.Error)
		}
		if message.Aux != nil {
			aux(message.Aux)
		}
	}
}

// HasImage reports whether the engine has the image.
func (e *Engine) HasImage(ctx context.Context, reference string) (bool, error) {
	_, err := e.docker.ImageInspect(ctx, reference)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Image is an image that a push built.
type Image struct {
	ID    string
	Names []string // every tag and REPOSITORY@DIGEST
}

// Images returns the images of one colour's releases, by their labels.
func (e *Engine) Images(ctx context.Context, colour string) ([]Image, error) {
	found, err := e.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", ImageLabel+"="+e.fleet), filters.Arg("label", ColourLabel+"="+colour))})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	var all []Image
	for _, summary := range found {
		names := slices.Concat(summary.RepoTags, summary.RepoDigests)
		names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "<none>") })
		all = append(all, Image{ID: summary.ID, Names: names})
	}
	return all, nil
}

// ServerImages returns the names of the images that servers were spawned from,
// without a tag.
func (e *Engine) ServerImages(ctx context.Context) (names []string, err error) {
	found, err := e.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", ImageLabel+"="+e.fleet), filters.Arg("reference", "webapp_*:latest"))})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	for _, summary := range found {
		for _, tag := range summary.RepoTags {
			if name, latest := strings.CutSuffix(tag, ":latest"); latest {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// Untag takes one name off an image. An image without names on which nothing is
// built goes, but one that a container uses stays. It is not an error if the
// name is already gone.
func (e *Engine) Untag(ctx context.Context, reference string) error {
	_, err := e.docker.ImageRemove(ctx, reference, image.RemoveOptions{PruneChildren: false})
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
		return fmt.Errorf("removing image %s: %w", reference, err)
	}
	return nil
}
