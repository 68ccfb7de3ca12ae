package deploy

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"deux/internal/engine"
	"deux/internal/fleet"
)

func TestHolder_IsTheListedReleaseWhetherItRunsOrNotElseTheAppByName(t *testing.T) {
	dead := engine.Release{Name: "blue-app", Port: 50201}
	candidate := engine.Release{Name: "blue-app-50202", Port: 50202, Running: true}
	all := []engine.Release{candidate, dead}
	at := fleet.Site{Host: "172.17.0.1", First: 50200}
	for _, test := range []struct {
		what   string
		listed []fleet.Server
		want   string
	}{
		{"the dead one is listed", []fleet.Server{at.Server(50201)}, "blue-app"},
		{"the candidate is listed", []fleet.Server{at.Server(50202)}, "blue-app-50202"},
		{"none is listed", nil, "blue-app"},
		{"one that is gone is listed", []fleet.Server{at.Server(50203)}, "blue-app"},
	} {
		if got, found := holder(all, test.listed, "blue-app"); !found || got.Name != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.what, got.Name, found, test.want)
		}
	}
	if got, found := holder(nil, nil, "blue-app"); found {
		t.Errorf("without a container: got %q, want none", got.Name)
	}
}

func TestLeftovers_SpareAListedReleaseThatIsDead(t *testing.T) {
	at := fleet.Site{Host: "172.17.0.1", First: 50200}
	c := containers{
		colour: colour{site: at},
		all: []engine.Release{{ID: "dead", Port: 50201}, {ID: "old", Port: 50202}, {ID: "draining", Port: 50203, Running: true},
			{ID: "candidate", Port: 50204, Running: true}},
		listed:   []fleet.Server{at.Server(50201)},
		draining: []fleet.Server{at.Server(50202), at.Server(50203)},
	}
	var got []string
	for _, release := range c.leftovers(engine.Release{}) {
		got = append(got, release.ID)
	}
	if want := "[old candidate]"; fmt.Sprint(got) != want {
		t.Errorf("leftovers: got %v, want %s", got, want)
	}
}

func TestWellAnswered_JudgesAsAPushDoes(t *testing.T) {
	silent := fmt.Errorf("no answer: %w", &url.Error{Op: "Get", URL: "http://x", Err: errors.New("connection refused")})
	broken := errors.New("GET / answers 500 Internal Server Error")
	for _, test := range []struct {
		what      string
		answer    error
		condition engine.Condition
		well      bool
	}{
		{"an answer", nil, engine.Condition{}, true},
		{"a bad status", broken, engine.Condition{}, false},
		{"a bad status, with a HEALTHCHECK that is content", broken, engine.Condition{Health: "healthy"}, true},
		{"an answer, with a HEALTHCHECK that fails", nil, engine.Condition{Health: engine.Unhealthy}, false},
		{"silence", silent, engine.Condition{}, false},
		{"silence, with a HEALTHCHECK that is content", silent, engine.Condition{Health: "healthy"}, false},
	} {
		if err := wellAnswered(test.answer, test.condition); (err == nil) != test.well {
			t.Errorf("%s: got %v, want well: %v", test.what, err, test.well)
		}
	}
}
