package deploy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/program"
	"deux/internal/settings"
)

// Initialise makes the bare repositories, their hooks and the folders beside
// them. What already exists stays. A repository keeps its latest settings in a
// file: a push may come over ssh, with no environment.
func Initialise(ctx context.Context, config Config, root string, out io.Writer) error {
	if err := config.CheckOwner(); err != nil {
		return err
	}
	var err error
	if config.Dir, err = filepath.Abs(config.Dir); err != nil { // hooks run in other folders
		return err
	}
	for _, name := range Colours {
		colour, err := config.colour(name)
		if err != nil {
			return err
		}
		if err := initialise(ctx, config, colour, root); err != nil {
			return fmt.Errorf("making %s: %w", colour.git, err)
		}
		fmt.Fprintf(out, "==> %s deploys to http://localhost:%d\n", colour.git, colour.proxyPort)
	}
	return nil
}

// CheckOwner returns an error if another system on this host deploys from the
// folder.
func (c Config) CheckOwner() error {
	for _, name := range Colours {
		stored, err := readStored(filepath.Join(c.Dir, name+".git"))
		if err == nil && stored["FLEET"] != "" && stored["FLEET"] != c.Fleet {
			return fmt.Errorf("setting DEPLOY_DIR=%s: it belongs to FLEET=%s: name another folder for FLEET=%s", c.Dir, stored["FLEET"], c.Fleet)
		}
	}
	return nil
}

func initialise(ctx context.Context, config Config, colour colour, root string) error {
	repository := repo.Repository{Dir: colour.git}
	if err := errors.Join(os.MkdirAll(colour.www, 0o755), repository.Make(ctx)); err != nil {
		return err
	}
	if err := ledger.At(colour.git).Make(); err != nil {
		return err
	}
	for _, hook := range repo.Hooks { // deploy/hooks/ has one for each colour, such as update_blue
		source := filepath.Join(root, "deploy", "hooks", hook+"_"+colour.name)
		if err := repository.Link(hook, source); err != nil {
			return err
		}
	}
	return errors.Join(writeSettings(config, colour), writePassword(string(config.Redis.Password), colour))
}

// dockerVariables say which engine Docker's command and API talk to, and how it
// builds.
var dockerVariables = []string{
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION",
	"DOCKER_BUILDKIT", "BUILDX_BUILDER", "DOCKER_DEFAULT_PLATFORM",
}

func writeSettings(config Config, colour colour) error {
	lines := append([]string{"# Written by make deploy-init from .env and the environment: change it there."}, config.variables()...)
	for _, name := range dockerVariables {
		if value := os.Getenv(name); value != "" {
			lines = append(lines, name+"="+value)
		}
	}
	content := []byte(strings.Join(lines, "\n") + "\n")
	path := ledger.At(colour.git).Path(ledger.Settings)
	if now, err := os.ReadFile(path); err == nil && bytes.Equal(now, content) {
		return nil
	}
	return program.ReplaceFile(path, content, 0o644)
}

// StoredConfig reads the latest settings of a bare repository, and points
// Docker's command and API at the engine that they name. The environment is
// ignored: it is the pusher's.
func StoredConfig(git string) (Config, error) {
	stored, err := readStored(git)
	if err != nil {
		return Config{}, fmt.Errorf("%w: make deploy-init writes it", err)
	}
	for _, name := range dockerVariables {
		os.Unsetenv(name)
		if value := stored[name]; value != "" {
			os.Setenv(name, value)
		}
	}
	password, err := os.ReadFile(ledger.At(git).Path(ledger.Password))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("reading the password of Redis: %w", err)
	}
	stored["REDIS_PASSWORD"] = string(password)
	return ReadConfig(settings.From(func(name string) string { return stored[name] }), filepath.Dir(git))
}

// writePassword keeps REDIS_PASSWORD in a file of its own: anybody on the
// machine may read the settings.
func writePassword(password string, colour colour) error {
	path := ledger.At(colour.git).Path(ledger.Password)
	if password != "" {
		return program.ReplaceFile(path, []byte(password), 0o600)
	}
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// readStored returns the stored settings by name.
func readStored(git string) (map[string]string, error) {
	content, err := os.ReadFile(ledger.At(git).Path(ledger.Settings))
	if err != nil {
		return nil, err
	}
	stored := make(map[string]string)
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), "="); found {
			stored[name] = value
		}
	}
	return stored, nil
}
