package engine

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// slowDocker is a Docker that is still removing a container, for some looks
// more, and counts the looks.
type slowDocker struct {
	state string
	left  int
	looks int
}

func (d *slowDocker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.Contains(r.URL.Path, "/images/"):
		http.Error(w, `{"message":"no such image"}`, http.StatusNotFound)
	case r.Method == http.MethodDelete:
		http.Error(w, `{"message":"removal of container c1 is already in progress"}`, http.StatusConflict)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusNotModified) // it has stopped
	case d.left == 0:
		http.Error(w, `{"message":"no such container"}`, http.StatusNotFound)
	default:
		d.left--
		d.looks++
		fmt.Fprintf(w, `{"Id":"c1","State":{"Status":%q},"Config":{"Labels":{"deux.fleet":"deux"}}}`, d.state)
	}
}

func TestRemove_WaitsForARemovalThatIsUnderWay(t *testing.T) {
	docker := &slowDocker{left: 4}
	if err := engineOn(t, docker).Remove(t.Context(), "webapp_3001_app", "webapp_3001", 0); err != nil {
		t.Errorf("Remove: got %v, want it to wait until the container is gone", err)
	}
	if docker.looks != 4 {
		t.Errorf("looks at the container: got %d, want 4", docker.looks)
	}
}

func TestAwaitRemoval_WaitsOnlyForARemovalThatIsUnderWay(t *testing.T) {
	for state, want := range map[string]int{"removing": 3, "running": 1, "exited": 1} {
		docker := &slowDocker{left: 3, state: state}
		if err := engineOn(t, docker).AwaitRemoval(t.Context(), "webapp_3001_app"); err != nil {
			t.Errorf("%s: %v", state, err)
		}
		if docker.looks != want {
			t.Errorf("%s: got %d looks at the container, want %d", state, docker.looks, want)
		}
	}
	if err := engineOn(t, &slowDocker{}).AwaitRemoval(t.Context(), "webapp_3001_app"); err != nil {
		t.Errorf("of none: %v", err)
	}
}
