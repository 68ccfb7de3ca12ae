package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/deploy/repo"
	"deux/internal/engine"
	"deux/internal/fleet"
)

func TestDeployable_MainCountsMoreThanMasterAndDeletionsDoNot(t *testing.T) {
	const revision = "4995c8f790d4be0002b1e2a0612795631a8581fc"
	main, master := repo.NoRevision+" "+revision+" refs/heads/main\n", repo.NoRevision+" "+revision+" refs/heads/master\n"
	for _, test := range []struct {
		stdin, want string
		deleted     bool
	}{
		{"", "", false},
		{repo.NoRevision + " " + revision + " refs/heads/side\n", "", false},
		{repo.NoRevision + " " + revision + " refs/tags/main\n", "", false},
		{main, "refs/heads/main", false},
		{master, "refs/heads/master", false},
		{master + main, "refs/heads/main", false},
		{main + master, "refs/heads/main", false},
		{revision + " " + repo.NoRevision + " refs/heads/main\n" + master, "refs/heads/master", true},
		{revision + " " + repo.NoRevision + " refs/heads/main\n", "", true},
		{revision + " " + repo.NoRevision + " refs/heads/side\n", "", false},
	} {
		if got, deleted, err := deployable(strings.NewReader(test.stdin)); got != test.want || deleted != test.deleted || err != nil {
			t.Errorf("%q: got %q, deleted: %v, %v, want %q, %v", test.stdin, got, deleted, err, test.want, test.deleted)
		}
	}
}

func TestContainers_TheListedOneThatRunsIsCurrent(t *testing.T) {
	site := fleet.Site{Host: "172.17.0.1", First: 50200}
	app := engine.Release{ID: "app", Name: "blue-app", Port: 50200, Running: true}
	candidate := engine.Release{ID: "candidate", Name: "blue-app-50201", Port: 50201, Running: true}
	dead := engine.Release{ID: "dead", Name: "blue-app-50202", Port: 50202}
	all := []engine.Release{app, candidate, dead}
	for _, test := range []struct {
		name             string
		listed, draining []int
		current, left    string
	}{
		{"a candidate that nobody waits for", []int{50200}, nil, "app", "candidate dead"},
		{"killed between switch and rename", []int{50201}, []int{50200}, "candidate", "dead"},
		{"the old one has drained", []int{50201}, nil, "candidate", "app dead"},
		{"the lists were lost", nil, nil, "app", "candidate dead"},
		{"what is listed has died", []int{50202}, nil, "app", "candidate dead"},
	} {
		c := containers{colour: colour{site: site}, all: all}
		for _, port := range test.listed {
			c.listed = append(c.listed, site.Server(port))
		}
		for _, port := range test.draining {
			c.draining = append(c.draining, site.Server(port))
		}
		current, _ := c.current("blue-app")
		var left []string
		for _, release := range c.leftovers(current) {
			left = append(left, release.ID)
		}
		if got := strings.Join(left, " "); current.ID != test.current || got != test.left {
			t.Errorf("%s: current %q, left over %q, want %q and %q", test.name, current.ID, got, test.current, test.left)
		}
	}
}

func TestReplaceFolder_LeavesOnlyTheNewOne(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "www.new"), filepath.Join(dir, "www")
	for _, round := range []string{"one", "two"} {
		if err := os.Mkdir(from, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, round), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := replaceFolder(hostFiles{}, from, to); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	if want := filepath.Join(to, "two"); len(files) != 1 || files[0] != want {
		t.Errorf("got %q, want %q alone", files, want)
	}
}

func TestStoredConfig_IsWhatWasInitialised(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "deploy", "hooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{"update_blue", "post-receive_blue", "update_green", "post-receive_green"} {
		if err := os.WriteFile(filepath.Join(root, "deploy", "hooks", hook), []byte("exec bin/deploy\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := Config{Fleet: "test", Dir: dir, Redis: fleet.Redis{Address: "127.0.0.1:6380", Password: `p "a" 's' $s =\`}, HostIP: "192.0.2.1", RegistryPort: 5001,
		BluePort: 1001, GreenPort: 1002, BlueFirst: 2000, GreenFirst: 3000, Ports: 7, Keep: 3,
		BuildMemory: 64 << 20, BuildTimeout: 60e9, BlueHealth: 90e9, GreenHealth: 120e9, DrainTimeout: 5e9, StopGrace: 4e9,
		BlueApp:  AppLimits{Memory: 64 << 20, CPUShares: 100, Pids: 20, LogSize: 2 << 20, Capabilities: "none,NET_RAW"},
		GreenApp: AppLimits{Memory: 1 << 30, CPUShares: 2048, Pids: 512, LogSize: 1 << 20}}
	for _, builder := range []string{"0", "1"} { // initialised again, it takes what is new
		t.Setenv("DOCKER_BUILDKIT", builder)
		if err := Initialise(t.Context(), config, root, new(strings.Builder)); err != nil {
			t.Fatal(err)
		}
	}
	for _, colour := range Colours {
		t.Setenv("DOCKER_BUILDKIT", "0")
		t.Setenv("DOCKER_HOST", "tcp://192.0.2.2:2375")
		got, err := StoredConfig(filepath.Join(dir, colour+".git"))
		if err != nil || got != config {
			t.Errorf("%s: got %+v, %v, want %+v", colour, got, err, config)
		}
		if builder, host := os.Getenv("DOCKER_BUILDKIT"), os.Getenv("DOCKER_HOST"); builder != "1" || host != "" {
			t.Errorf("%s: Docker is told DOCKER_BUILDKIT=%s and DOCKER_HOST=%s, want 1 as initialised and no host of the pusher's",
				colour, builder, host)
		}
	}
	wantPasswordFile(t, dir, 0o600)
	config.Redis.Password = ""
	if err := Initialise(t.Context(), config, root, new(strings.Builder)); err != nil {
		t.Fatal(err)
	}
	wantPasswordFile(t, dir, 0)
	config.Fleet = "other"
	if err := Initialise(t.Context(), config, root, new(strings.Builder)); err == nil || !strings.Contains(err.Error(), "belongs to FLEET=test") {
		t.Errorf("for another system: got %v, want a refusal", err)
	}
}

// wantPasswordFile fails unless the password of Redis is in a file of that mode
// alone; 0 is no file.
func wantPasswordFile(t *testing.T, dir string, want os.FileMode) {
	t.Helper()
	written := ledger.At(filepath.Join(dir, "blue.git"))
	var got os.FileMode
	if info, err := os.Stat(written.Path(ledger.Password)); err == nil {
		got = info.Mode()
	}
	if got != want {
		t.Errorf("the file of the password: got mode %v, want %v", got, want)
	}
	if stored, err := os.ReadFile(written.Path(ledger.Settings)); err != nil || strings.Contains(string(stored), "PASSWORD") {
		t.Errorf("settings: got %v and %s, want nothing of the password", err, stored)
	}
}
