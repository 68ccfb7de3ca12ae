package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/appenv"
	"deux/internal/deploy/ledger"
	"deux/internal/fleet"
)

// set gives the app variables and files.
func set(variables, files map[string]string) command {
	change := appenv.Change{Set: appenv.Configuration{Variables: variables, Files: make(map[string][]byte)}}
	for name, content := range files {
		change.Set.Files[name] = []byte(content)
	}
	return func(ctx context.Context, d *Deployer) error { return d.Configure(ctx, change) }
}

func unset(names ...string) command {
	return func(ctx context.Context, d *Deployer) error { return d.Configure(ctx, appenv.Change{Unset: names}) }
}

var secrets = set(map[string]string{"TOKEN": "s3cret", "THEME": "dark"}, map[string]string{"key.pem": "k3y"})

func showing(values bool) command {
	return func(_ context.Context, d *Deployer) error { return d.Configuration(values) }
}

func TestConfiguration_ReachesTheRunningAppInAReleaseOfTheSameImage(t *testing.T) {
	s := newScene(t)
	before, _ := s.serves()
	s.gave(secrets)
	s.saidAll("env set", "==> Configuring blue-app: +THEME +TOKEN +key.pem\n", "DEPLOYED blue "+s.revisions[1])
	now, given := s.serves()
	if now.ID == before.ID || now.Digest != before.Digest || !slices.Contains(given.Env, "TOKEN=s3cret") {
		t.Errorf("got %+v with %q, want another container of the same image with TOKEN", now, given.Env)
	}
	s.gave(secrets)
	if want := "Nothing changes: blue already has this configuration\n"; s.out.String() != want {
		t.Errorf("set again: got %q, want %q", s.out, want)
	}
	s.gave(unset("TOKEN", "key.pem"))
	s.saidAll("env unset", "==> Configuring blue-app: -TOKEN -key.pem\n")
	if again, given := s.serves(); again.ID == now.ID || strings.Contains(fmt.Sprint(given), "s3cret") || len(given.Mounts) > 0 {
		t.Errorf("after unset: got %+v with %+v, want one without what was removed", again, given)
	}
	if left, _ := filepath.Glob(s.ledger().Path(ledger.Configurations) + "/[0-9]*"); len(left) != 1 {
		t.Errorf("got the generations %q, want the current one alone", left)
	}
}

// What is secret is in its folder, for the owner alone, and nowhere else: not in
// what is printed, in the history, in a list or in what anybody may read.
func TestConfiguration_ShowsNoValueUnlessAsked(t *testing.T) {
	s := newScene(t)
	said := new(strings.Builder)
	for _, do := range []command{secrets, down, showing(false), set(map[string]string{"TOKEN": "s3cret2"}, nil), restore, rollback} {
		s.gave(do)
		said.WriteString(s.out.String())
	}
	s.ends = crashed
	if err := s.gives(set(map[string]string{"TOKEN": "s3cret3"}, map[string]string{"key.pem": "k3y3"})); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	release, _ := s.serves()
	seen, lost := s.lists.Snapshot(t.Context(), fleet.Depth{})
	shown := map[string]string{"what was printed": said.String() + s.out.String(), "the label of the container": release.Runtime,
		"the lists": fmt.Sprintf("%+v", seen)}
	folder := s.ledger().Path(ledger.Configurations)
	err := filepath.WalkDir(s.config.Dir, func(path string, entry fs.DirEntry, err error) error {
		if path == folder {
			return fs.SkipDir
		}
		if err == nil && entry.Type().IsRegular() {
			content, failure := os.ReadFile(path)
			shown[path], err = string(content), failure
		}
		return err
	})
	info, failure := os.Stat(folder)
	if err := errors.Join(err, lost, failure); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("got %v, %v, want the folder of the configuration for its owner alone", info, err)
	}
	for where, text := range shown {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "k3y") {
			t.Errorf("%s: got %q, want no value in it", where, text)
		}
	}
}

func TestConfiguration_IsLeftAsItIsByAChangeThatFails(t *testing.T) {
	first := newScene(t)
	for _, test := range []struct {
		name  string
		start func(*scene)
		do    command
		err   string
		said  string
	}{
		{"a name that is not set", nil, unset("TOKEN", "TOKN"), "one of the names to unset is not set: env list shows those that are", ""},
		{"a reserved name", nil, set(map[string]string{"COLOUR": "red"}, nil), "COLOUR is set by every deploy: choose another name", ""},
		{"a port that is none", nil, set(map[string]string{"PORT": "http"}, nil), "PORT is where the app listens", ""},
		{"an app that ends with it", func(s *scene) { s.ends = crashed }, unset("TOKEN"), ErrRefused.Error(),
			"Taking the change back: blue-app keeps its configuration\nLast 50 lines of its log:\nwhat it said\nDEPLOY FAILED blue health"},
	} {
		s := first.again()
		s.gave(secrets)
		if test.start != nil {
			test.start(s)
		}
		if err := s.changesNothing(test.name, test.do, test.said); err == nil || !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.err)
		}
		if left, _ := filepath.Glob(s.ledger().Path(ledger.Configurations) + "/[0-9]*"); len(left) != 1 {
			t.Errorf("%s: got the generations %q, want the current one alone", test.name, left)
		}
	}
}

func TestConfiguration_IsStoredBeforeTheFirstPushWithoutDockerOrRedis(t *testing.T) {
	d, out := offline(t)
	if err := secrets(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if want := "CONFIGURED blue +THEME +TOKEN +key.pem: blue-app does not run; git push blue main uses it\n"; out.String() != want {
		t.Errorf("got %q, want %q", out, want)
	}
	past, err := d.ledger.History()
	if err != nil || len(past) != 1 || past[0].Result != ledger.Configured || past[0].Revision != "-" || past[0].Digest != "" {
		t.Errorf("history: got %v, %v, want one line CONFIGURED without a revision", past, err)
	}
	if now, err := d.env.Load(); err != nil || now.Variables["TOKEN"] != "s3cret" || string(now.Files["key.pem"]) != "k3y" {
		t.Errorf("got %v, %v, want what was set", now.Names(), err)
	}
	current := filepath.Join(d.ledger.Path(ledger.Configurations), "current")
	if err := os.WriteFile(current, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = unset("TOKEN")(t.Context(), d)
	if want := current + " does not hold a number: write into it the number of a folder beside it"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("damaged: got %v, want %q", err, want)
	}
	if now, err := d.env.Read(1); err != nil || len(now.Names()) != 3 {
		t.Errorf("damaged: got %v, %v, want that what was set is still there", now.Names(), err)
	}
}

func TestConfiguration_OfAnAppThatIsDownWaitsForItsRestore(t *testing.T) {
	s := newScene(t)
	s.gave(down)
	s.gave(secrets)
	if want := "CONFIGURED blue +THEME +TOKEN +key.pem: blue-app does not run; bin/deploy restore blue starts it with this\n"; s.out.String() != want {
		t.Errorf("got %q, want %q", s.out, want)
	}
	if r := s.last(); r.Result != ledger.Configured || r.Revision != s.revisions[1] || len(r.Steps) > 0 {
		t.Errorf("history: got %v, want CONFIGURED, with the revision, without steps", r)
	}
	s.gave(restore)
	if _, given := s.serves(); !slices.Contains(given.Env, "TOKEN=s3cret") {
		t.Errorf("restored with %q, want TOKEN", given.Env)
	}
}

func TestConfiguration_IsListedByNameAndInTheFormThatSetReads(t *testing.T) {
	const none = "blue has no configuration: bin/deploy env blue set NAME=VALUE\n"
	for _, test := range []struct {
		name         string
		start        command
		names, shown string
		variables    map[string]string
	}{
		{"nothing", set(nil, nil), none, none, nil},
		{"a file alone", set(nil, map[string]string{"key.pem": "k3y"}), "key.pem  file /run/secrets/key.pem\n",
			"# key.pem is the file /run/secrets/key.pem, 3 bytes\n", map[string]string{}},
		{"both", set(map[string]string{"A": "1", "B": "two\nlines"}, map[string]string{"key.pem": "k3y"}), "A\nB\nkey.pem  file /run/secrets/key.pem\n",
			"A=1\nB=\"two\nlines\"\n# key.pem is the file /run/secrets/key.pem, 3 bytes\n", map[string]string{"A": "1", "B": "two\nlines"}},
	} {
		d, out := offline(t)
		if err := test.start(t.Context(), d); err != nil {
			t.Fatalf("%s: %v\n%s", test.name, err, out)
		}
		for i, want := range []string{test.names, test.shown} {
			out.Reset()
			if err := d.Configuration(i == 1); err != nil || out.String() != want {
				t.Errorf("%s: got %q, %v, want %q", test.name, out, err, want)
			}
		}
		if got, err := appenv.ParseLines(out.String()); test.variables != nil && (err != nil || !maps.Equal(got, test.variables)) {
			t.Errorf("%s: read again: got %v, %v, want %v", test.name, got, err, test.variables)
		}
	}
}
