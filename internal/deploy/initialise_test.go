package deploy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/settings"
)

// checkout is a checkout of this system with its hooks, and the settings to
// initialise it with.
func checkout(t *testing.T) (root string, config Config) {
	t.Helper()
	root = memory(t)
	dir := filepath.Join(root, "deploy", "hooks")
	err := os.MkdirAll(dir, 0o755)
	for _, hook := range repo.Hooks {
		for _, colour := range Colours {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, hook+"_"+colour), []byte("exec bin/deploy\n"), 0o644))
		}
	}
	config, failure := ReadConfig(settings.From(func(string) string { return "" }), filepath.Join(root, "deploy"))
	if err := errors.Join(err, failure); err != nil {
		t.Fatal(err)
	}
	return root, config
}

// filesBelow returns every file below a folder with what tells it from another one.
func filesBelow(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	all := make(map[string]fs.FileInfo)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			all[path], err = entry.Info()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestInit_SaysWhereEachColourIsAndASecondOneChangesNothing(t *testing.T) {
	root, config := checkout(t)
	want := "==> " + root + "/deploy/blue.git deploys to http://localhost:50101\n==> " + root + "/deploy/green.git deploys to http://localhost:50100\n"
	var before map[string]fs.FileInfo
	for range 2 {
		var said strings.Builder
		if err := Initialise(t.Context(), config, root, &said); err != nil || said.String() != want {
			t.Fatalf("got %q, %v, want %q", &said, err, want)
		}
		if before == nil {
			before = filesBelow(t, root)
		}
	}
	after := filesBelow(t, root)
	if len(after) != len(before) {
		t.Errorf("got %d files, want the %d as before", len(after), len(before))
	}
	for path, was := range before {
		if now := after[path]; now == nil || now.Mode() != was.Mode() || !os.SameFile(now, was) || !now.ModTime().Equal(was.ModTime()) {
			t.Errorf("%s was changed: got %+v, want %+v", path, now, was)
		}
	}
	for _, colour := range Colours {
		if err := (repo.Repository{Dir: filepath.Join(config.Dir, colour+".git")}).CheckHooks(); err != nil {
			t.Errorf("%s: %v", colour, err)
		}
		if info, err := os.Stat(filepath.Join(config.Dir, colour+"-www")); err != nil || !info.IsDir() {
			t.Errorf("%s: got %v, %v, want a folder for its checkout", colour, info, err)
		}
	}
}

// Git runs the hooks in their repositories, and settings tell them DEPLOY_DIR.
func TestInit_WritesDownAPathThatHoldsInEveryFolder(t *testing.T) {
	root, config := checkout(t)
	t.Chdir(root)
	config.Dir = "elsewhere"
	if err := Initialise(t.Context(), config, root, new(strings.Builder)); err != nil {
		t.Fatal(err)
	}
	stored, err := readStored(filepath.Join(root, "elsewhere", "blue.git"))
	if want := filepath.Join(root, "elsewhere"); err != nil || stored["DEPLOY_DIR"] != want {
		t.Errorf("got DEPLOY_DIR=%s, %v, want %s", stored["DEPLOY_DIR"], err, want)
	}
}

// repositories makes what Init takes for repositories that are already there.
func repositories(t *testing.T, config Config) {
	t.Helper()
	for _, colour := range Colours {
		git := filepath.Join(config.Dir, colour+".git")
		if err := errors.Join(os.MkdirAll(filepath.Join(git, "hooks"), 0o755), os.WriteFile(filepath.Join(git, "HEAD"), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInit_LeavesAHookOfAPersonAndSaysWhatToDo(t *testing.T) {
	root, config := checkout(t)
	repositories(t, config)
	hook := filepath.Join(config.Dir, "green.git", "hooks", "update")
	if err := os.WriteFile(hook, []byte("mail"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := "making " + config.Dir + "/green.git: " + hook + " is a hook of your own: move it away first"
	if err := Initialise(t.Context(), config, root, new(strings.Builder)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if content, err := os.ReadFile(hook); err != nil || string(content) != "mail" {
		t.Errorf("got %q, %v, want it as it was", content, err)
	}
}

func TestInit_SaysWhatIsInItsWay(t *testing.T) {
	for name, want := range map[string]string{
		"deploy/blue.git":                "not a directory",
		"deploy/blue-www":                "not a directory",
		"deploy/blue.git/deux":           "not a directory",
		"deploy/hooks/update_blue":       "no such file",
		"deploy/blue.git/deux/settings/": "file exists",
	} {
		root, config := checkout(t)
		repositories(t, config)
		path, folder := filepath.Join(root, name), strings.HasSuffix(name, "/")
		err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o755))
		if folder {
			err = errors.Join(err, os.MkdirAll(path, 0o755))
		} else if !strings.Contains(name, "hooks") {
			err = errors.Join(err, os.WriteFile(path, nil, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
		err = Initialise(t.Context(), config, root, new(strings.Builder))
		if err == nil || !strings.HasPrefix(err.Error(), "making "+config.Dir+"/blue.git: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want that it is in the way: %s", name, err, want)
		}
	}
}

func TestStoredConfig_SaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ what, settings, want string }{
		{"no settings", "", "no such file or directory: make deploy-init writes it"},
		{"a bad value", "KEEP_RELEASES=many\n", "KEEP_RELEASES"},
		{"a value out of its bounds", "KEEP_RELEASES=0\n", "KEEP_RELEASES"},
		{"two bad values", "BUILD_TIMEOUT=soon\nRELEASE_PORTS=x\n", "RELEASE_PORTS"},
	} {
		git := filepath.Join(t.TempDir(), "blue.git")
		if err := ledger.At(git).Make(); err != nil {
			t.Fatal(err)
		}
		keepEnvironment(t)
		if test.settings != "" {
			if err := ledger.At(git).Replace(ledger.Settings, []byte(test.settings)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := StoredConfig(git); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", test.what, got, err, test.want)
		}
	}
}

// keepEnvironment brings back, when the test ends, what StoredConfig sets.
func keepEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range dockerVariables {
		t.Setenv(name, "the pusher's")
	}
}

// The settings may be those of an older version, which knew fewer, or have been
// edited. Each is the rest of its line, whatever is in it.
func TestStoredConfig_OfAnOlderVersionHasDefaultsForWhatIsNew(t *testing.T) {
	git := filepath.Join(t.TempDir(), "blue.git")
	written := ledger.At(git)
	text := "# a comment\n\nKEEP_RELEASES=7\nnonsense\nGONE=1\nDOCKER_HOST=tcp://h:1?a=b\nKEEP_RELEASES=8"
	if err := errors.Join(written.Make(), written.Replace(ledger.Settings, []byte(text))); err != nil {
		t.Fatal(err)
	}
	keepEnvironment(t)
	got, err := StoredConfig(git)
	if err != nil || got.Keep != 8 || got.BluePort != 50101 || got.Dir != filepath.Dir(git) || got.Redis.Password != "" {
		t.Errorf("got %+v, %v, want the last KEEP_RELEASES and defaults", got, err)
	}
	if host := os.Getenv("DOCKER_HOST"); host != "tcp://h:1?a=b" {
		t.Errorf("got DOCKER_HOST=%s, want the rest of its line", host)
	}
	if err := os.Mkdir(written.Path(ledger.Password), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := StoredConfig(git); err == nil || !strings.HasPrefix(err.Error(), "reading the password of Redis: ") {
		t.Errorf("a password that cannot be read: got %v, want why", err)
	}
}
