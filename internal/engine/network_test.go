package engine

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// appsDocker is a Docker with one container, which is on the apps' network.
type appsDocker struct {
	state   string // of the container; "" for none
	removed bool
}

func (d *appsDocker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch path := strings.TrimPrefix(r.URL.Path, "/v1.41"); {
	case path == "/containers/json":
		fmt.Fprint(w, d.containers(r))
	case r.Method == http.MethodDelete && path == "/networks/deux_apps":
		d.removed = true
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, `{"message":"not asked for here"}`, http.StatusTeapot)
	}
}

// containers is Docker's list, of those that run unless all are asked for.
func (d *appsDocker) containers(r *http.Request) string {
	all, filters := r.URL.Query().Get("all") == "1", r.URL.Query().Get("filters")
	if d.state == "" || d.state != "running" && !all || !strings.Contains(filters, `"network":{"deux_apps":true}`) {
		return "[]"
	}
	return fmt.Sprintf(`[{"Id":"c1","State":%q}]`, d.state)
}

func TestAppsNetwork_StaysWhileAContainerIsOnItEvenAStoppedOne(t *testing.T) {
	for state, goes := range map[string]bool{"running": false, "exited": false, "restarting": false, "created": false, "": true} {
		docker := &appsDocker{state: state}
		e := engineOn(t, docker)
		if err := e.RemoveAppsNetwork(t.Context()); err != nil || docker.removed != goes {
			t.Errorf("with a container that is %q: got removed %v, %v, want %v", state, docker.removed, err, goes)
		}
	}
}
