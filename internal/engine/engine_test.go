package engine

import (
	"strings"
	"testing"
)

func TestOpen_RefusesAnEngineThatOnlyDockersCommandReaches(t *testing.T) {
	for host, want := range map[string]string{
		"ssh://me@there": "setting DOCKER_HOST=ssh://me@there: expected unix:// or tcp://", "unix:///there": "", "tcp://there:2375": "", "": "",
	} {
		t.Setenv("DOCKER_HOST", host)
		engine, err := Open("deux")
		if err == nil {
			engine.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("DOCKER_HOST=%s: got %v, want %q", host, err, want)
		}
	}
}
