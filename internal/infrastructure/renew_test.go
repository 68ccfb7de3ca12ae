package infrastructure

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
	"deux/internal/settings"
)

func TestVersion_ChangesWithThePasswordAndWithWhatIsHandedOn(t *testing.T) {
	seen := make(map[string]string)
	for _, environment := range []map[string]string{
		{}, {"ADMIN_PASSWORD": "one"}, {"ADMIN_PASSWORD": "two"}, {"ADMIN_PASSWORD": "one", "FLEET": "second"}, {"READ_ONLY": "yes"},
	} {
		config, err := ReadConfig(settings.From(func(name string) string { return environment[name] }))
		if err != nil {
			t.Fatal(err)
		}
		docker := newFakeDocker()
		docker.setFirst("image")
		config.Parallel = 1
		poller := &Poller{config: config, docker: docker, secret: mark(config)}
		version, err := poller.version(t.Context())
		if err != nil || version == "" {
			t.Fatalf("%v: got %q, %v, want a version", environment, version, err)
		}
		if earlier, taken := seen[version]; taken {
			t.Errorf("%v has the version of %s, want one of its own", environment, earlier)
		}
		seen[version] = strings.Join(config.scriptEnv(), " ")
	}
}

func TestPoller_RenewsServersOneByOneWhenTheFirstHasChanged(t *testing.T) {
	w := newWorld(t)
	w.setFirst("old")
	w.Put("servers", url(3000)) // before the poller adopts it
	w.start()
	w.Put("tempServers", url(3001), url(3002), url(3003))
	w.want("servers", url(3000), url(3001), url(3002), url(3003))
	old := w.versions()[0]
	spawned := len(w.events)
	w.spawn = func(port int) error {
		if listed := w.Elements("servers"); len(listed) != 3 || slices.Contains(listed, url(port)) {
			t.Errorf("while %d is renewed servers is %q, want all but that one", port, listed)
		}
		return nil
	}
	w.setFirst("new")
	redistest.Eventually(t, func() bool { return !slices.Contains(w.versions(), old) }, func() {
		t.Fatalf("versions: got %q, want none %q", w.versions(), old)
	})
	w.want("servers", url(3000), url(3001), url(3002), url(3003))
	w.want("spawningServers")
	w.want("drainServers")
	if len(w.events) != spawned+3 {
		t.Errorf("Docker saw %q, want three spawns more", w.events[spawned:])
	}
}

func TestPoller_RenewsAServerOnlyAfterItsLastRequest(t *testing.T) {
	w := newWorld(t)
	w.poller.config.DrainTimeout = 10 * time.Second
	w.setFirst("new")
	w.run(3001)
	w.Put("servers", url(3000), url(3001))
	w.spawn = func(int) error {
		if got := w.Elements("drainServers"); len(got) != 0 {
			t.Errorf("at the spawn drainServers is %q, want none", got)
		}
		return nil
	}
	stop := w.start()
	w.want("drainServers", url(3001))
	w.want("spawningServers", url(3001))
	stop() // the next poller goes on
	w.start()
	if len(w.events) != 0 {
		t.Errorf("with a request in flight Docker saw %q, want nothing", w.events)
	}
	rotation, _ := w.fleet.Rotation("proxy")
	if err := rotation.Drained(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	w.want("servers", url(3000), url(3001))
	w.wantEvent("spawn webapp_3001 webapp_3001_app")
}

func TestPoller_RenewsNoMoreWhenOneCouldNotBeStarted(t *testing.T) {
	w := newWorld(t)
	w.poller.config.Attempts = 1
	w.setFirst("broken")
	w.run(3001, 3002)
	w.Put("servers", url(3000), url(3001), url(3002))
	w.spawn = func(int) error { return errors.New("does not compile") }
	level := func() {
		t.Helper()
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.poller.jobs.wait()
	}
	for range 4 {
		level()
	}
	if listed, failed := w.Elements("servers"), w.Elements("failedServers"); len(listed) != 2 || len(failed) != 1 {
		t.Fatalf("servers %q, failedServers %q: want one failed and the other still listed", listed, failed)
	}
	w.spawn = func(int) error { return nil }
	for _, what := range []string{"this poller", "the next one"} {
		if level(); len(w.Elements("servers")) != 2 || w.versions()[0] != "" {
			t.Fatalf("%s: servers %q, versions %q: want nothing renewed before the failed one is seen to", what, w.Elements("servers"), w.versions())
		}
		w.next(w.poller.config)
	}
	w.Put("tempServers", w.Elements("failedServers")[0])
	w.start()
	w.want("servers", url(3000), url(3001), url(3002))
	redistest.Eventually(t, func() bool { return !slices.Contains(w.versions(), "") }, func() {
		t.Fatalf("versions: got %q, want both renewed", w.versions())
	})
}

func TestPoller_RenewsAgainWhenTheFirstServerChangesAfterAFailure(t *testing.T) {
	w := newWorld(t)
	w.setFirst("mended")
	w.run(3002)
	w.Put("servers", url(3000), url(3002))
	w.Put("failedServers", url(3001))
	w.poller.renewal = renewal{server: site.Server(3001), failed: "broken"} // a version
	w.start()
	w.wantEvent("spawn webapp_3002 webapp_3002_app")
	w.want("servers", url(3000), url(3002))
	w.want("failedServers", url(3001))
}

func TestPoller_RenewsNeitherTheFirstServerNorAContainerOfAnotherName(t *testing.T) {
	w := newWorld(t)
	w.setFirst("new")
	w.run(3000)
	w.running["by_hand"] = 3005
	w.answerAll = true
	w.Put("servers", url(3000), url(3005))
	for range 3 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.poller.jobs.wait()
	}
	w.want("servers", url(3000), url(3005))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}

func TestPoller_RenewsNothingWhileTheFirstServerIsAwayOrTheServerIsToGo(t *testing.T) {
	w := newWorld(t)
	w.setFirst("new")
	w.run(3001)
	w.answer = func(server fleet.Server) error {
		if server == site.FirstServer() {
			return errors.New("starting")
		}
		return nil
	}
	w.Put("servers", url(3000), url(3001))
	for range maxStrikes + 1 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3001))
	w.answer = func(fleet.Server) error { return nil }
	w.Put("deleteServers", url(3001))
	for range 2 {
		if err := w.poller.level(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.want("servers", url(3001), url(3000))
	if len(w.events) != 0 {
		t.Errorf("Docker saw %q, want nothing", w.events)
	}
}
