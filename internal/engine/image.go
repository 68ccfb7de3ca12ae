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
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// Build builds the Dockerfile in dir as tag, with the labels, and returns the
// image's id. Output goes to out as the builder writes it. It runs Docker's
// command rather than its API, as that picks the builder that the host has:
// BuildKit, or the classic one. The build dies with this process, and knows
// nothing of the git that this process may be a hook of.
//
// Each step may use that much memory, in bytes, with no swap beyond it, and
// weighs little among the busy: the classic builder sees to it, BuildKit takes
// these options and does nothing.
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

// labelled writes the Dockerfile of dir to scratch with the labels, each
// NAME=value, in one more line. The option --label would do the same with one
// more line for each, and to the classic builder each is a container to start.
// BuildKit looks for an ignore file of the Dockerfile's own beside it
// (Docker's build documentation, ".dockerignore files").
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

// buildEnvironment is the environment without git's: in a hook, GIT_DIR names
// the repository that is being pushed to. Attestations would make every image
// an index with an entry that is no image.
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

// anonymous is what the API wants where no registry asks for a name: the
// base64 of {}.
const anonymous = "e30="

// Push sends the tagged image to the registry that its name starts with and
// returns the digest that it has there.
func (e *Engine) Push(ctx context.Context, reference string) (digest string, err error) {
	progress, err := e.docker.ImagePush(ctx, reference, image.PushOptions{RegistryAuth: anonymous})
	if err != nil {
		return "", err
	}
	defer progress.Close()
	return pushedDigest(progress)
}

// digestPattern is a digest as registries give them. It becomes a part of names
// and URLs.
var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// pushedDigest reads the progress of a push to its end and returns the digest
// that the image has in the registry.
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

// ErrNotInRegistry means that the registry answers and does not have an image.
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

// HasImage tells whether the engine has the image.
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

// Untag takes one name off an image; with its last name, and when nothing is
// built on it, the image goes. What is gone already is no error, and what a
// container still runs stays.
func (e *Engine) Untag(ctx context.Context, reference string) error {
	_, err := e.docker.ImageRemove(ctx, reference, image.RemoveOptions{PruneChildren: false})
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
		return fmt.Errorf("removing image %s: %w", reference, err)
	}
	return nil
}

// RemoveLayer removes an image that has no name and that nothing is built on,
// if it was made after a time. It tells whether it is gone.
func (e *Engine) RemoveLayer(ctx context.Context, id string, after time.Time) (gone bool, err error) {
	found, err := e.docker.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("inspecting image %s: %w", id, err)
	}
	made, err := time.Parse(time.RFC3339Nano, found.Created)
	if err != nil || made.Before(after) || len(found.RepoTags)+len(found.RepoDigests) > 0 {
		return false, nil
	}
	_, err = e.docker.ImageRemove(ctx, found.ID, image.RemoveOptions{PruneChildren: false})
	if err == nil || errdefs.IsNotFound(err) {
		return true, nil
	}
	if errdefs.IsConflict(err) {
		return false, nil
	}
	return false, fmt.Errorf("removing image %s: %w", id, err)
}
