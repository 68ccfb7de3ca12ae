package engine

import (
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

func TestUsage_ReadsTheHealthThatDockerShows(t *testing.T) {
	for status, want := range map[string]string{
		"Up 5 minutes (healthy)":            "healthy",
		"Up Less than a second (unhealthy)": "unhealthy",
		"Up 2 seconds (health: starting)":   "starting",
		"Up 2 seconds (Paused)":             "",
		"Up 3 days":                         "",
		"Exited (137) 3 minutes ago":        "",
		"Restarting (1) 4 seconds ago":      "",
		"Created":                           "",
		"":                                  "",
	} {
		if got := healthOf(status); got != want {
			t.Errorf("%q: got %q, want %q", status, got, want)
		}
	}
}

func TestUsage_NamesTheServiceOfCompose(t *testing.T) {
	service := map[string]string{composeService: "writer"}
	got := usageOf(container.Summary{ID: "1", Names: []string{"/deux_writer_1"}, State: "exited", Status: "Exited (1)", Labels: service, Created: 1764320000})
	if want := (Usage{ID: "1", Name: "deux_writer_1", Service: "writer", State: StateExited, Created: time.Unix(1764320000, 0)}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	once := map[string]string{composeService: "writer", composeOneOff: "True"}
	if got := usageOf(container.Summary{Labels: once}); got.Service != "" {
		t.Errorf("of docker compose run: got service %q, want none", got.Service)
	}
}
