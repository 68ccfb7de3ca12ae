package webapp

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// painted returns the fragment with that id.
func painted(t *testing.T, o overview.Overview, isStale bool, id string) string {
	t.Helper()
	for _, one := range newPainter(testConfig, slog.New(slog.DiscardHandler)).paint(o, isStale) {
		if one.ID == id {
			return string(one.HTML)
		}
	}
	t.Fatalf("got no fragment %s", id)
	return ""
}

// blue returns an overview with an app in it.
func blue(pool overview.Pool) overview.Overview {
	pool.Name = "blue"
	return overview.Overview{At: time.Now(), Pools: []overview.Pool{{Name: "web"}, pool}}
}

func TestRelease_OffersTheCommandsThatHaveSomethingToDo(t *testing.T) {
	runs, before := &fleet.Release{Revision: "0123456789"}, []fleet.Release{{Revision: "9876543210"}}
	for what, test := range map[string]struct {
		pool overview.Pool
		want []string
	}{
		"the first push":          {overview.Pool{Release: runs}, []string{"git push blue main"}},
		"a push":                  {overview.Pool{Release: runs, Earlier: before}, []string{"git push blue main", "bin/deploy rollback blue"}},
		"a rollback":              {overview.Pool{Release: runs, Earlier: before, Held: "abcdef0123"}, []string{"bin/deploy forward blue", "abcdef0", "git push blue main", "bin/deploy rollback blue"}},
		"a rollback to the first": {overview.Pool{Release: runs, Newer: before, Held: "abcdef0123"}, []string{"bin/deploy forward blue", "abcdef0", "git push blue main"}},
		"a first push that fails": {overview.Pool{Held: "abcdef0123"}, []string{"bin/deploy forward blue", "abcdef0", "git push blue main"}},
		"nothing":                 {overview.Pool{}, []string{"git push blue main"}},
	} {
		html := painted(t, blue(test.pool), false, "release-blue")
		_, html, _ = strings.Cut(html, `<p class="commands">`)
		var got []string
		for _, part := range strings.Split(html, "<code")[1:] {
			command, _, _ := strings.Cut(part, "</code>")
			got = append(got, command[strings.Index(command, ">")+1:])
		}
		if strings.Join(got, "; ") != strings.Join(test.want, "; ") {
			t.Errorf("after %s: got %q, want %q", what, got, test.want)
		}
	}
}

func TestRelease_TellsNewerReleasesFromEarlierOnes(t *testing.T) {
	pool := overview.Pool{Release: &fleet.Release{Revision: "runs"}, Newer: []fleet.Release{{Revision: "newer0123"}}, Earlier: []fleet.Release{{Revision: "older0123"}}}
	html := painted(t, blue(pool), false, "release-blue")
	for _, want := range []string{`<dt>Newer</dt><dd><code title="newer0123 ">newer01</code>`, `<dt>Before</dt><dd><code title="older0123 ">older01</code>`} {
		if !strings.Contains(html, want) {
			t.Errorf("got %q, want %q in it", html, want)
		}
	}
}

func TestNumbers_CountInEnglish(t *testing.T) {
	for errors, want := range map[int]string{0: "<b>0</b> errors of 4", 1: "<b>1</b> error of 4", 2: "<b>2</b> errors of 4"} {
		html := painted(t, blue(overview.Pool{Traffic: overview.Traffic{Requests: 4, Errors: errors}}), false, "numbers-blue")
		if !strings.Contains(html, want) {
			t.Errorf("got %q, want %q", html, want)
		}
	}
}

func TestVerdict_SaysNoRateWhenNothingIsKnown(t *testing.T) {
	for isStale, want := range map[bool]bool{false: true, true: false} {
		if html := painted(t, blue(overview.Pool{}), isStale, "verdict"); strings.Contains(html, "No requests") != want {
			t.Errorf("stale=%v: got %q, want a rate=%v", isStale, html, want)
		}
	}
}

func TestMachine_IsOldWhenInfrastructureIsAway(t *testing.T) {
	for age, want := range map[time.Duration]bool{time.Second: false, time.Minute: true} {
		o := blue(overview.Pool{})
		o.Machine = overview.Machine{Machine: fleet.Machine{Memory: 1000}, At: o.At.Add(-age)}
		html := painted(t, o, false, "machine")
		if is := strings.Contains(html, "data-old") && strings.Contains(html, "As of <time"); is != want {
			t.Errorf("measured %v ago: got %q, want old=%v", age, html, want)
		}
	}
}

func TestPush_ShowsTheCommandBesideTheReason(t *testing.T) {
	failed := &overview.Push{Step: fleet.Step{State: fleet.StepFailed, Why: "No Dockerfile."}}
	const want = `<p class="commands"><code>bin/deploy history blue</code></p>`
	if html := painted(t, blue(overview.Pool{Push: failed}), false, "push-blue"); !strings.Contains(html, want) {
		t.Errorf("got %q, want %s", html, want)
	}
}

func TestEvent_IsDatedUnlessItIsOfToday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(12 * time.Hour) // since midnight
		p := newPainter(testConfig, slog.New(slog.DiscardHandler))
		now := time.Now()
		events := []fleet.Event{{At: now, What: fleet.Serving}, {At: now.Add(-3 * 24 * time.Hour), What: fleet.Gone}}
		for _, want := range [][]string{
			{">12:00:00 UTC</time>", ">1999-12-29 12:00:00 UTC</time>"},
			{">2000-01-01 12:00:00 UTC</time>", ">1999-12-29 12:00:00 UTC</time>"},
		} {
			for i, one := range p.paintEvents(events) {
				if !strings.Contains(string(one.HTML), want[i]) {
					t.Errorf("at %v: got %s, want %s", time.Now().UTC(), one.HTML, want[i])
				}
			}
			time.Sleep(12 * time.Hour)
		}
	})
}
