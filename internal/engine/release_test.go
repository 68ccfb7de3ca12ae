package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/docker/docker/client"
)

// engineOn returns the engine of a Docker that answers like this.
func engineOn(t *testing.T, docker http.Handler) *Engine {
	t.Helper()
	server := httptest.NewServer(docker)
	t.Cleanup(server.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	return &Engine{docker: api, fleet: "deux"}
}

func TestReleases_SayWhereTheyArePublished(t *testing.T) {
	const running = `[{"Id":"c1","Names":["/blue-app"],"State":"running","Labels":{"deux.port":"50200"},"Ports":[%s]}]`
	for _, test := range []struct {
		name, list, address string
		port                int
	}{
		{"on one address", fmt.Sprintf(running, `{"IP":"192.0.2.7","PrivatePort":8080,"PublicPort":50200,"Type":"tcp"}`), "192.0.2.7", 8080},
		{"beside another port", fmt.Sprintf(running,
			`{"PrivatePort":9000,"Type":"tcp"},{"IP":"192.0.2.8","PrivatePort":9001,"PublicPort":50201,"Type":"tcp"},`+
				`{"IP":"192.0.2.7","PrivatePort":8080,"PublicPort":50200,"Type":"tcp"}`), "192.0.2.7", 8080},
		{"on every address", fmt.Sprintf(running,
			`{"IP":"0.0.0.0","PrivatePort":8080,"PublicPort":50200,"Type":"tcp"},{"IP":"::","PrivatePort":8080,"PublicPort":50200,"Type":"tcp"}`), "", 8080},
		{"nowhere while it does not run", `[{"Id":"c1","Names":["/blue-app"],"State":"exited","Labels":{"deux.port":"50200"},"Ports":[]}]`, "", 0},
	} {
		e := engineOn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, test.list)
		}))
		all, err := e.Releases(t.Context(), "blue")
		if err != nil || len(all) != 1 || all[0].Address != test.address || all[0].AppPort != test.port {
			t.Errorf("%s: got %+v, %v, want it at %q from port %d", test.name, all, err, test.address, test.port)
		}
	}
}
