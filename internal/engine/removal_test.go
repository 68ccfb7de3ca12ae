package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/client"
)

// slowDocker is a Docker that is still removing a container, for some looks
// more, and counts the looks.
type slowDocker struct {
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
		fmt.Fprint(w, `{"Id":"c1","Config":{"Labels":{"deux.fleet":"deux"}}}`)
	}
}

func TestRemove_WaitsForARemovalThatIsUnderWay(t *testing.T) {
	docker := &slowDocker{left: 4}
	server := httptest.NewServer(docker)
	defer server.Close()
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	e := &Engine{docker: api, fleet: "deux"}
	if err := e.Remove(t.Context(), "webapp_3001_app", "webapp_3001", 0); err != nil {
		t.Errorf("Remove: got %v, want it to wait until the container is gone", err)
	}
	if docker.looks != 4 {
		t.Errorf("looks at the container: got %d, want 4", docker.looks)
	}
}
