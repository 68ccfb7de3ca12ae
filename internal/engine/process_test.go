package engine

import "testing"

func TestImageConfig_KnowsAnInitThatTheImageBringsAlong(t *testing.T) {
	for _, test := range []struct {
		command []string
		want    bool
	}{
		{nil, false},
		{[]string{"/app"}, false},
		{[]string{"/usr/bin/tini", "--", "/app"}, true},
		{[]string{"dumb-init", "app"}, true},
		{[]string{"/init"}, true},
		{[]string{"/bin/sh", "-c", "exec tini -- node app.js"}, true},
		{[]string{"/bin/sh", "-c", "/sbin/tini node app.js"}, true},
		{[]string{"/bin/sh", "-c", "node init"}, false},
		{[]string{"/bin/sh", "-c", ""}, false},
		{[]string{"node", "tini"}, false},
	} {
		if got := (ImageConfig{Command: test.command}).HasInit(); got != test.want {
			t.Errorf("%q: got %v, want %v", test.command, got, test.want)
		}
	}
}
